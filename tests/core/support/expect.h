/* SPDX-License-Identifier: MIT */
/* What cmocka cannot do for a test's child: say what went wrong, and end. */
#ifndef TEST_EXPECT_H
#define TEST_EXPECT_H

#include <stdio.h>
#include <unistd.h>

/* Behind the condition may follow what printf() takes. */
#define EXPECT(condition, ...)                                                                     \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "line %d: %s ", __LINE__, #condition);                                 \
            fprintf(stderr, " " __VA_ARGS__);                                                      \
            fprintf(stderr, "\n");                                                                 \
            _exit(1);                                                                              \
        }                                                                                          \
    } while (0)

#endif
