#ifndef THREAD_BEGINNING_H
#define THREAD_BEGINNING_H

#include <stdbool.h>
#include <stddef.h>

// Writes what function another thread of this process began with: asked by a signal, it looks down
// its own stack. False for a thread that has ended meanwhile and for those of the runtime's pool,
// which come and go as it likes.
bool thread_beginning(int thread, char *text, size_t size);

#endif
