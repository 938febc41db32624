// What Weir needs of Linux that Swift's Glibc module does not give: headers it leaves out, calls
// that glibc declares only under _GNU_SOURCE, and constants that do not import. No logic lives
// here. A wrapper returns what the call returns and leaves errno as the call left it.
//
// This header defines no feature macro; CLinux.c does.
#pragma once

#include <stddef.h>
#include <semaphore.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/types.h>
#include <sys/uio.h>

// Constants. The header's own EPOLL*, EFD_* and SFD_* are enumerators of several unnamed
// types; these have the type that the calls want.
extern const uint32_t WEIR_EPOLLIN;
extern const uint32_t WEIR_EPOLLOUT;
extern const uint32_t WEIR_EPOLLRDHUP;
extern const uint32_t WEIR_EPOLLHUP;
extern const uint32_t WEIR_EPOLLERR;
extern const uint32_t WEIR_EPOLLET;

extern const int WEIR_MADV_POPULATE_READ;   // Linux 5.14; older kernels answer EINVAL

// Time.
uint64_t weir_monotonic_nanoseconds(void);  // CLOCK_MONOTONIC
int64_t weir_wall_milliseconds(void);       // CLOCK_REALTIME, since 1970
// 1 if the kernel's clock is disciplined by NTP and is what CLOCK_REALTIME says, within a second.
int weir_clock_is_synchronized(int64_t wall_milliseconds);
int64_t weir_thread_cpu_nanoseconds(void);  // of the calling thread, or -1
int64_t weir_process_cpu_nanoseconds(void);  // of all threads, or -1

// Waiting. Descriptors are created non-blocking and close-on-exec.
int weir_epoll_create(void);
// Waits with nanosecond precision where the kernel has epoll_pwait2 (5.11), else in milliseconds
// rounded up. A negative timeout waits for ever.
int weir_epoll_wait(int epoll, struct epoll_event *events, int count, int64_t timeout_nanoseconds);
int weir_eventfd(void);
int weir_semaphore(void);  // an eventfd whose read blocks, and takes one
int weir_signalfd(const int *signals, size_t count);  // blocks the signals in the calling thread

// Sockets. Descriptors are created non-blocking and close-on-exec.
int weir_accept(int descriptor);
int weir_stream_socket(int family);
int weir_unacknowledged_bytes(int descriptor, int *bytes);  // SIOCOUTQ: not yet acknowledged by the peer
int64_t weir_acknowledged_bytes(int descriptor);            // tcpi_bytes_acked, or -1 with errno set
int weir_so_error(int descriptor);                          // SO_ERROR, taken and cleared

// Files.
int weir_openat(int folder, const char *path, int flags, mode_t mode);  // O_CLOEXEC is added
int weir_fallocate(int descriptor, int mode, int64_t offset, int64_t length);
// Names that a file has, or -1 with errno set. Asks for nothing else (statx(2)): who asks for times has
// the kernel write finer ones with the next change, which makes each write and its sync dearer.
int64_t weir_link_count(int descriptor);
int weir_lock_file(int descriptor);  // exclusive flock without waiting; EWOULDBLOCK if somebody has it
int weir_try_shared_lock(int descriptor);  // takes a shared flock and gives it back; EWOULDBLOCK if somebody has it alone
// Free and total bytes of the file system and its magic number (statfs(2)).
int weir_fstatfs(int descriptor, uint64_t *available, uint64_t *total, int64_t *magic);

// The allocator (mallopt(3)). Parameters are whole bytes, threads in the last.
int weir_malloc_top_pad(int bytes);
int weir_malloc_trim_threshold(int bytes);
int weir_malloc_mmap_threshold(int bytes);
int weir_malloc_arenas(int count);
int weir_malloc_trim(size_t pad);
// Takes and gives back at most 16 blocks: what the thread's arena had to grow by for that stays.
void weir_malloc_ahead(size_t bytes, int count);

// Threads.
int weir_set_thread_name(const char *name);  // at most 15 bytes are kept
int weir_semaphore_wait(sem_t *semaphore, uint64_t until);  // at most until then by CLOCK_MONOTONIC

// Limits of the process.
int weir_allowed_processors(void);  // that the calling thread may run on, or -1
uint64_t weir_descriptor_limit(void);  // RLIMIT_NOFILE, which can always be asked for
uint64_t weir_hard_descriptor_limit(void);
int weir_set_descriptor_limit(uint64_t soft);  // the hard one stays

// Signals.
int weir_ignore_signal(int signal);
int weir_signal_is_ignored(int signal);  // 1 or 0, or -1 with errno set

// Mapped files. A page of a guarded range that the kernel cannot bring in (the file was cut short
// by somebody else, or the disk failed) reads as zeros instead of ending the process by SIGBUS.
// Gives a handle, or -1 if 65,536 ranges are guarded already.
int weir_guard_mapping(const void *start, size_t length);
void weir_unguard_mapping(int handle);  // before munmap(2)
