// What a process holds beside memory: a list of sentences, one for each thing.
#ifndef HELD_H
#define HELD_H

#include <stddef.h>
#include <stdio.h>

struct held {
    char **things;
    size_t count;
};

// Of this process, as /proc has it now.
void held_look(struct held *held);
void held_free(struct held *held);

// How many of `now` were not there `before`.
size_t held_count_new(const struct held *before, const struct held *now);
void held_print_new(FILE *file, const struct held *before, const struct held *now);

#endif
