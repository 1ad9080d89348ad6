/* SPDX-License-Identifier: MIT */
/* Files of tests/corpus, and comparing with the expected ones. */
#ifndef TEST_CORPUS_H
#define TEST_CORPUS_H

#include "base/bytes.h"

/* Append the file NAME ENDING below FCT_CORPUS; the test fails when there is none. */
void corpus_read(const char *name, const char *ending, fct_buf *out);

/* The file must hold `got`; with FCT_WRITE_EXPECTED set it is written instead of compared. */
void corpus_expect(const char *name, const char *ending, fct_slice got);

#endif
