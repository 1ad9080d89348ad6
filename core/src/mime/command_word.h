/* SPDX-License-Identifier: MIT */
/*
 * Lines of a content that an SMTP server would take for a command.  A relay that offers CHUNKING
 * and does not know BDAT reads a content as commands, within the login of whoever sends it.
 */
#ifndef FCT_COMMAND_WORD_H
#define FCT_COMMAND_WORD_H

#include "base/bytes.h"

/*
 * Whether a line that begins so is one.  Blanks before the word count for nothing, neither does
 * the case of letters or, for most words, what follows: many servers look at four letters alone.
 */
bool fct_command_word_begins(const char *line, size_t len);

/* Whether a line with this first byte can be one: cheap, and most cannot. */
static inline bool fct_command_word_may_begin(char byte)
{
    /* Of a to z: abdehlmnqrstvx. */
    const uint32_t letters = 0x00af389b;
    unsigned letter = (unsigned)((byte | 0x20) - 'a');

    return byte == ' ' || byte == '\t' || (letter < 26 && letters >> letter & 1);
}

/* The same for any line of the bytes, which begin with one; a CR ends a line, too. */
bool fct_command_word_within(const char *bytes, size_t len);

#endif
