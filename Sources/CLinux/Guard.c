#define _GNU_SOURCE
#include "CLinux.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>

// The table is read by a signal handler, so it has no lock: a slot is taken by setting its start
// from 0 to 1, which is no address, and is good once both numbers are stored.
enum { SLOTS = 65536, PAGE = 4096 };

static struct {
    _Atomic(uintptr_t) start;
    _Atomic(size_t) length;
} slots[SLOTS];

static atomic_uint next_slot;
static atomic_uint highest_slot;  // one above the highest that was ever taken
static pthread_once_t installed = PTHREAD_ONCE_INIT;
static struct sigaction previous;

static void on_bus_error(int signal, siginfo_t *info, void *context) {
    (void)context;
    uintptr_t address = (uintptr_t)info->si_addr;
    unsigned end = atomic_load(&highest_slot);
    for (unsigned i = 0; i < end; i++) {
        uintptr_t start = atomic_load(&slots[i].start);
        if (start <= 1 || address < start) continue;
        if (address - start >= atomic_load(&slots[i].length)) continue;
        void *page = (void *)(address & ~(uintptr_t)(PAGE - 1));
        void *zeros = mmap(page, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        if (zeros != MAP_FAILED) return;
        break;
    }
    // Not ours: the instruction runs again and meets what was there before us.
    sigaction(signal, &previous, NULL);
}

static void install(void) {
    struct sigaction action = {0};
    action.sa_sigaction = on_bus_error;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, &previous);
}

int weir_guard_mapping(const void *start, size_t length) {
    pthread_once(&installed, install);
    unsigned first = atomic_fetch_add(&next_slot, 1);
    for (unsigned tried = 0; tried < SLOTS; tried++) {
        unsigned i = (first + tried) % SLOTS;
        uintptr_t expected = 0;
        if (!atomic_compare_exchange_strong(&slots[i].start, &expected, 1)) continue;
        atomic_store(&slots[i].length, length);
        atomic_store(&slots[i].start, (uintptr_t)start);
        unsigned seen = atomic_load(&highest_slot);
        while (seen < i + 1 && !atomic_compare_exchange_weak(&highest_slot, &seen, i + 1)) {
        }
        return (int)i;
    }
    return -1;
}

void weir_unguard_mapping(int handle) {
    if (handle < 0) return;
    atomic_store(&slots[handle].length, 0);
    atomic_store(&slots[handle].start, 0);
}
