#define _GNU_SOURCE
#include "Held.h"

#include "ThreadBeginning.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

__attribute__((format(printf, 2, 3))) static void add(struct held *held, const char *format, ...) {
    char **things = realloc(held->things, (held->count + 1) * sizeof *things);
    if (things == NULL) abort();
    held->things = things;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&held->things[held->count], format, arguments) < 0) abort();
    va_end(arguments);
    held->count += 1;
}

// The numbers that name entries of a folder of /proc, -1 at its end.
static int next_number(DIR *folder) {
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9') return atoi(entry->d_name);
    return -1;
}

static void look_at_descriptors(struct held *held) {
    DIR *folder = opendir("/proc/self/fd");
    if (folder == NULL) abort();
    for (int number; (number = next_number(folder)) >= 0;) {
        if (number == dirfd(folder)) continue;
        char path[64], target[PATH_MAX];
        snprintf(path, sizeof path, "/proc/self/fd/%d", number);
        ssize_t length = readlink(path, target, sizeof target - 1);
        if (length < 0) continue;
        target[length] = 0;
        add(held, "descriptor %d, open on %s", number, target);
    }
    closedir(folder);
}

static void look_at_threads(struct held *held) {
    DIR *folder = opendir("/proc/self/task");
    if (folder == NULL) abort();
    for (int number; (number = next_number(folder)) >= 0;) {
        char path[64], name[64] = "", beginning[512];
        if (number == getpid() || number == gettid()) continue;
        if (!thread_beginning(number, beginning, sizeof beginning)) continue;
        snprintf(path, sizeof path, "/proc/self/task/%d/comm", number);
        FILE *file = fopen(path, "re");
        if (file == NULL) continue;
        if (fgets(name, sizeof name, file) != NULL) name[strcspn(name, "\n")] = 0;
        fclose(file);
        add(held, "thread %d, %s, which began with %s", number, name, beginning);
    }
    closedir(folder);
}

static void look_at_children(struct held *held) {
    DIR *folder = opendir("/proc");
    if (folder == NULL) abort();
    for (int number; (number = next_number(folder)) >= 0;) {
        char path[64], name[64], state;
        int parent;
        snprintf(path, sizeof path, "/proc/%d/stat", number);
        FILE *file = fopen(path, "re");
        if (file == NULL) continue;
        int found = fscanf(file, "%*d (%63[^)]) %c %d", name, &state, &parent);
        fclose(file);
        if (found == 3 && parent == getpid())
            add(held, "child process %d, %s (%c)", number, name, state);
    }
    closedir(folder);
}

// Code and what belongs to it comes when it is first needed, and stays.
static bool is_of_a_library(const char *path) {
    return strstr(path, ".so") != NULL || strncmp(path, "/usr/", 5) == 0;
}

static void look_at_mappings(struct held *held) {
    FILE *file = fopen("/proc/self/maps", "re");
    if (file == NULL) abort();
    char *line = NULL;
    size_t capacity = 0;
    while (getline(&line, &capacity, file) > 0) {
        line[strcspn(line, "\n")] = 0;
        char range[64];
        int path = 0;
        if (sscanf(line, "%63s %*s %*s %*s %*s %n", range, &path) != 1 || line[path] != '/')
            continue;
        if (!is_of_a_library(line + path)) add(held, "mapping %s of %s", range, line + path);
    }
    free(line);
    fclose(file);
}

void held_look(struct held *held) {
    *held = (struct held){0};
    look_at_descriptors(held);
    look_at_threads(held);
    look_at_children(held);
    look_at_mappings(held);
}

void held_free(struct held *held) {
    for (size_t each = 0; each < held->count; each += 1) free(held->things[each]);
    free(held->things);
    *held = (struct held){0};
}

static bool has(const struct held *held, const char *thing) {
    for (size_t each = 0; each < held->count; each += 1)
        if (strcmp(held->things[each], thing) == 0) return true;
    return false;
}

size_t held_count_new(const struct held *before, const struct held *now) {
    size_t count = 0;
    for (size_t each = 0; each < now->count; each += 1) count += !has(before, now->things[each]);
    return count;
}

void held_print_new(FILE *file, const struct held *before, const struct held *now) {
    for (size_t each = 0; each < now->count; each += 1)
        if (!has(before, now->things[each])) fprintf(file, "  %s\n", now->things[each]);
}
