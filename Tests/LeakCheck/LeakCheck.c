#define _GNU_SOURCE
#include "LeakCheck.h"

#include "Held.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

// What a test has let go may need a moment to be gone: a thread that ends, a reference that the
// runtime drops on a thread of its own.
enum { SETTLING_SECONDS = 5, LOOK_MS = 20 };

static struct held before;

// libdispatch, which the Swift runtime runs on, opens what it waits on when it is first asked to do
// something later, and keeps it.
extern void dispatch_after_f(uint64_t when, void *queue, void *context, void (*work)(void *));
extern uint64_t dispatch_time(uint64_t when, int64_t nanoseconds);
extern void *dispatch_get_global_queue(intptr_t identifier, uintptr_t flags);
extern void *dispatch_semaphore_create(intptr_t value);
extern intptr_t dispatch_semaphore_signal(void *semaphore);
extern intptr_t dispatch_semaphore_wait(void *semaphore, uint64_t timeout);

static void is_there(void *semaphore) { dispatch_semaphore_signal(semaphore); }

static void wake_dispatch(void) {
    // Now, by each of its clocks: without sleep, with it, and the time of day.
    static const uint64_t clocks[] = {0, UINT64_C(1) << 63, ~UINT64_C(1)};
    void *semaphore = dispatch_semaphore_create(0);
    for (int each = 0; each < 3; each += 1) {
        dispatch_after_f(dispatch_time(clocks[each], 1000000), dispatch_get_global_queue(0, 0),
                         semaphore, is_there);
        dispatch_semaphore_wait(semaphore, UINT64_MAX);
    }
}

static void look_again(void) {
    struct held now;
    for (time_t began = time(NULL);;) {
        held_look(&now);
        if (held_count_new(&before, &now) == 0) return;
        if (time(NULL) - began > SETTLING_SECONDS) break;
        held_free(&now);
        usleep(LOOK_MS * 1000);
    }
    fflush(NULL);
    fprintf(stderr, "LeakCheck: the tests are over, and their process still has\n");
    held_print_new(stderr, &before, &now);
    fflush(stderr);
    _exit(EXIT_FAILURE);
}

// Before `main`, and registered first, so that it runs last.
__attribute__((constructor)) static void look(void) {
    wake_dispatch();
    held_look(&before);
    if (atexit(look_again) != 0) abort();
}
