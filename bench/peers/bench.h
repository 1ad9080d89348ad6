/* SPDX-License-Identifier: MIT */
/* What the C peers share: the job from the environment, the clock around each mail, the answer. */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SENDER "shop@example.com"
#define RECIPIENT "zoe@example.net"
#define USER "shop@example.com"
#define PASSWORD "s3cret"

static inline _Noreturn void fail(const char *why)
{
    fprintf(stderr, "%s\n", why);
    exit(70);
}

static inline const char *job(const char *name)
{
    const char *value = getenv(name);
    if (!value)
        fail(name);
    return value;
}

static inline size_t job_number(const char *name)
{
    return strtoul(job(name), NULL, 10);
}

static inline uint64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* A file of the job, ended with a NUL; the caller's.  NULL when there is none of that name. */
static inline char *job_file_if_there(const char *name, size_t *len)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", job("BENCH_DIR"), name);
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    char *bytes = malloc(1 << 22);
    if (!bytes)
        fail("memory");
    *len = fread(bytes, 1, (1 << 22) - 1, file);
    bytes[*len] = '\0';
    fclose(file);
    return bytes;
}

static inline char *job_file(const char *name, size_t *len)
{
    char *bytes = job_file_if_there(name, len);
    if (!bytes)
        fail(name);
    return bytes;
}

/* `bytes` with @NUMBER@ replaced; the caller's. */
static inline char *job_fill(const char *bytes, size_t len, size_t number, size_t *out_len)
{
    static const char mark[] = "@NUMBER@";
    char *out = malloc(2 * len + 64), *to = out;
    if (!out)
        fail("memory");
    for (const char *at = bytes; *at;) {
        const char *next = strstr(at, mark);
        size_t take = next ? (size_t)(next - at) : strlen(at);
        memcpy(to, at, take);
        to += take;
        at += take;
        if (next) {
            to += sprintf(to, "%zu", number);
            at += sizeof mark - 1;
        }
    }
    *to = '\0';
    *out_len = (size_t)(to - out);
    return out;
}

/* Say that this process is ready, and wait for the word to begin. */
static inline void begin_together(void)
{
    char line[16];
    puts("{}");
    fflush(stdout);
    if (!fgets(line, sizeof line, stdin))
        exit(0);
}

static inline void answer(uint64_t wall, const uint32_t *spent, size_t count)
{
    printf("{\"wall_us\": %ju, \"us\": [", (uintmax_t)wall);
    for (size_t i = 0; i < count; i++)
        printf("%s%u", i ? "," : "", spent[i]);
    char line[128];
    unsigned long peak = 0;
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status))
        sscanf(line, "VmHWM: %lu", &peak);
    if (status)
        fclose(status);
    printf("], \"peak_kib\": %lu}\n", peak);
}

#endif
