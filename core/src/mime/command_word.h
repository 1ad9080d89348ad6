/* SPDX-License-Identifier: MIT */
/*
 * Lines of a mail that an SMTP server would take for a command.  A relay that offers CHUNKING but
 * does not know BDAT reads the mail's lines as commands, with the rights of the sender's login.
 */
#ifndef FCT_COMMAND_WORD_H
#define FCT_COMMAND_WORD_H

#include "base/bytes.h"

/*
 * Whether a line that begins with these bytes is a command.  Blanks before the word and the case of
 * its letters do not matter.  For most words the rest of the line does not either, because many
 * servers look at four letters only.
 */
bool fct_command_word_begins(const char *line, size_t len);

/*
 * The second bytes of commands, by the low five bits of the first byte: one bit for the low five
 * bits of each.
 */
extern const uint32_t fct_command_word_seconds[32];

/* Whether a line of at least four bytes can be a command.  It is cheap and rules out most lines. */
static inline bool fct_command_word_may_begin(const char *line)
{
    line += *line == ' ';
    return fct_command_word_seconds[line[0] & 31] >> (line[1] & 31) & 1;
}

/*
 * Whether any line of the bytes is a command.  The bytes start at a line's start; a CR alone also
 * ends a line.
 */
bool fct_command_word_within(const char *bytes, size_t len);

#endif
