#define _GNU_SOURCE
#include "ThreadBeginning.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

// A stack is read from its outermost frame: the C library's start of a thread, then who asked for
// the thread (a sanitizer stands in between).
enum { FRAMES_MAX = 256, OUTERMOST = 5, ANSWER_MS = 500 };

static void *frames[FRAMES_MAX];
static int frame_count;
static atomic_int answered_by;

// The thread sanitizer gives a signal to a thread when it likes, and tells of threads left by itself.
#if __has_feature(thread_sanitizer)
enum { SILENCE_COUNTS = false };
#else
enum { SILENCE_COUNTS = true };
#endif

static void answer(int signal) {
    (void)signal;
    int code = errno;
    frame_count = backtrace(frames, FRAMES_MAX);
    atomic_store(&answered_by, gettid());
    errno = code;
}

// The name of the file that a frame's code is from.
static const char *library(const Dl_info *info) {
    const char *slash = strrchr(info->dli_fname, '/');
    return slash ? slash + 1 : info->dli_fname;
}

static bool describe(char *text, size_t size) {
    snprintf(text, size, "an unknown function");
    for (int each = frame_count - 1; each >= 0 && each >= frame_count - OUTERMOST; each -= 1) {
        Dl_info info;
        if (!dladdr(frames[each], &info)) continue;
        if (strstr(library(&info), "libdispatch") != NULL) return false;
        if (strstr(library(&info), "libTesting") != NULL) return false;
        if (strncmp(library(&info), "libc.so", 7) == 0) continue;
        snprintf(text, size, "%s of %s", info.dli_sname ? info.dli_sname : "a function",
                 library(&info));
        return true;
    }
    return true;
}

bool thread_beginning(int thread, char *text, size_t size) {
    struct sigaction asking = {.sa_handler = answer, .sa_flags = SA_RESTART}, old;
    sigemptyset(&asking.sa_mask);
    // The first backtrace of a process loads a library, which a handler must not.
    void *first[1];
    backtrace(first, 1);
    // The runtime's threads block what a profiler does not need.
    if (sigaction(SIGPROF, &asking, &old) != 0) return false;
    atomic_store(&answered_by, 0);
    bool is_there = syscall(SYS_tgkill, getpid(), thread, SIGPROF) == 0;
    for (int waited = 0; is_there && atomic_load(&answered_by) != thread && waited < ANSWER_MS; waited += 1) {
        usleep(1000);
        is_there = syscall(SYS_tgkill, getpid(), thread, 0) == 0;
    }
    bool has_answered = atomic_load(&answered_by) == thread;
    if (is_there && !has_answered) snprintf(text, size, "a function that it does not name");
    sigaction(SIGPROF, &old, NULL);
    return has_answered ? describe(text, size) : is_there && SILENCE_COUNTS;
}
