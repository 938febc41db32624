#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <malloc.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif

const uint32_t WEIR_EPOLLIN = EPOLLIN;
const uint32_t WEIR_EPOLLOUT = EPOLLOUT;
const uint32_t WEIR_EPOLLRDHUP = EPOLLRDHUP;
const uint32_t WEIR_EPOLLHUP = EPOLLHUP;
const uint32_t WEIR_EPOLLERR = EPOLLERR;
const uint32_t WEIR_EPOLLET = EPOLLET;

const int WEIR_MADV_POPULATE_READ = MADV_POPULATE_READ;

uint64_t weir_monotonic_nanoseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

int64_t weir_process_cpu_nanoseconds(void) {
    struct timespec time;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) != 0) { return -1; }
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int64_t weir_wall_milliseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

int weir_clock_is_synchronized(int64_t wall_milliseconds) {
    // Reads only; setting the clock by hand makes the kernel unsynchronised. Its own time is
    // compared, because what the process is told may be another.
    struct timex state = {0};
    int told = adjtimex(&state);
    if (told < 0 || told == TIME_ERROR || (state.status & STA_UNSYNC)) return 0;
    int64_t fraction = (state.status & STA_NANO) ? state.time.tv_usec / 1000000
                                                 : state.time.tv_usec / 1000;
    int64_t away = (int64_t)state.time.tv_sec * 1000 + fraction - wall_milliseconds;
    return away > -1000 && away < 1000;
}

int64_t weir_thread_cpu_nanoseconds(void) {
    struct timespec time;
    if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) != 0) return -1;
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int weir_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

int weir_epoll_wait(int epoll, struct epoll_event *events, int count, int64_t timeout_nanoseconds) {
    struct timespec time = {
        .tv_sec = timeout_nanoseconds / 1000000000, .tv_nsec = timeout_nanoseconds % 1000000000};
    int ready = epoll_pwait2(epoll, events, count, timeout_nanoseconds < 0 ? NULL : &time, NULL);
    if (ready >= 0 || errno != ENOSYS) return ready;
    int64_t milliseconds = timeout_nanoseconds < 0 ? -1 : (timeout_nanoseconds + 999999) / 1000000;
    return epoll_wait(epoll, events, count, milliseconds > INT_MAX ? INT_MAX : (int)milliseconds);
}

int weir_eventfd(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

int weir_semaphore(void) { return eventfd(0, EFD_SEMAPHORE | EFD_CLOEXEC); }

int weir_signalfd(const int *signals, size_t count) {
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < count; i++) sigaddset(&set, signals[i]);
    int code = pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (code != 0) {
        errno = code;
        return -1;
    }
    return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

int weir_accept(int descriptor) {
    return accept4(descriptor, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int weir_stream_socket(int family) {
    return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

int weir_unacknowledged_bytes(int descriptor, int *bytes) {
    return ioctl(descriptor, SIOCOUTQ, bytes);
}

int64_t weir_acknowledged_bytes(int descriptor) {
    struct tcp_info info;
    memset(&info, 0, sizeof info);
    socklen_t length = sizeof info;
    if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &length) != 0) return -1;
    return (int64_t)info.tcpi_bytes_acked;
}

int weir_so_error(int descriptor) {
    int error = 0;
    socklen_t length = sizeof error;
    if (getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length) != 0) return errno;
    return error;
}

int weir_openat(int folder, const char *path, int flags, mode_t mode) {
    return openat(folder, path, flags | O_CLOEXEC, mode);
}

int weir_fallocate(int descriptor, int mode, int64_t offset, int64_t length) {
    return fallocate(descriptor, mode, offset, length);
}

int64_t weir_link_count(int descriptor) {
    struct statx found;
    if (statx(descriptor, "", AT_EMPTY_PATH, STATX_NLINK, &found) != 0) return -1;
    return found.stx_nlink;
}

int weir_lock_file(int descriptor) { return flock(descriptor, LOCK_EX | LOCK_NB); }

int weir_try_shared_lock(int descriptor) {
    if (flock(descriptor, LOCK_SH | LOCK_NB) != 0) return -1;
    return flock(descriptor, LOCK_UN);
}

int weir_fstatfs(int descriptor, uint64_t *available, uint64_t *total, int64_t *magic) {
    struct statfs info;
    if (fstatfs(descriptor, &info) != 0) return -1;
    *available = (uint64_t)info.f_bavail * (uint64_t)info.f_bsize;
    *total = (uint64_t)info.f_blocks * (uint64_t)info.f_bsize;
    *magic = (int64_t)info.f_type;
    return 0;
}

int weir_set_thread_name(const char *name) {
    char kept[16];
    strncpy(kept, name, sizeof kept - 1);
    kept[sizeof kept - 1] = 0;
    int code = pthread_setname_np(pthread_self(), kept);
    if (code != 0) errno = code;
    return code == 0 ? 0 : -1;
}

int weir_allowed_processors(void) {
    // Larger than the kernel's own sets, as sched_getaffinity(2) asks for.
    cpu_set_t sets[16];
    if (sched_getaffinity(0, sizeof sets, sets) != 0) return -1;
    return CPU_COUNT_S(sizeof sets, sets);
}

uint64_t weir_descriptor_limit(void) {
    struct rlimit limit = {0};
    getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}

uint64_t weir_hard_descriptor_limit(void) {
    struct rlimit limit = {0};
    getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_max;
}

int weir_set_descriptor_limit(uint64_t soft) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return -1;
    limit.rlim_cur = soft;
    return setrlimit(RLIMIT_NOFILE, &limit);
}

int weir_semaphore_wait(sem_t *semaphore, uint64_t until) {
    struct timespec time = {
        .tv_sec = (time_t)(until / 1000000000u), .tv_nsec = (long)(until % 1000000000u)};
    return sem_clockwait(semaphore, CLOCK_MONOTONIC, &time);
}

int weir_ignore_signal(int number) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = SIG_IGN;
    return sigaction(number, &action, NULL);
}

int weir_signal_is_ignored(int signal) {
    struct sigaction action;
    if (sigaction(signal, NULL, &action) != 0) return -1;
    return action.sa_handler == SIG_IGN;
}

int weir_malloc_top_pad(int bytes) { return mallopt(M_TOP_PAD, bytes); }
int weir_malloc_trim_threshold(int bytes) { return mallopt(M_TRIM_THRESHOLD, bytes); }
int weir_malloc_mmap_threshold(int bytes) { return mallopt(M_MMAP_THRESHOLD, bytes); }
int weir_malloc_arenas(int count) { return mallopt(M_ARENA_MAX, count); }
int weir_malloc_trim(size_t pad) { return malloc_trim(pad); }

void weir_malloc_ahead(size_t bytes, int count) {
    void *blocks[16];
    int taken = 0;
    while (taken < count && taken < 16 && (blocks[taken] = malloc(bytes)) != NULL) taken += 1;
    // Nobody uses them, which a compiler must not find out.
    __asm__ volatile("" : : "r"(blocks) : "memory");
    while (taken > 0) free(blocks[taken -= 1]);
}
