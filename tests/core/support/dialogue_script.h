/* SPDX-License-Identifier: MIT */
/* A dialogue of tests/corpus/smtp/ as it is read from its file; the format is told in that folder's
 * README. */
#ifndef TEST_DIALOGUE_SCRIPT_H
#define TEST_DIALOGUE_SCRIPT_H

#include "mime/message.h"
#include "smtp/session.h"

#define MAILS_MAX 40

enum class_wanted { WANT_NOTHING = -1 };

struct wanted {
    int class;
    char *rest; /* key=value … */
};

struct script_mail {
    fct_mail *mail;
    char *content;
    size_t content_len;
    char *stuffed; /* with the final dot */
    size_t stuffed_len;
    unsigned hold;
    bool later;
    uint64_t deadline_us;
    struct wanted wanted;
};

struct script {
    char *text;
    char *lines[4000];
    size_t line_count;
    struct fct_session_config config;
    struct script_mail mails[MAILS_MAX];
    size_t mail_count;
    char *close_wanted;
    bool binding;
};

/* The block; ends the program when there is none. */
void *must(void *block);

/* A new text with \r, \n, \s and \xHH put in. */
char *unescape(const char *text);

/* The value of key= in a line of words; "" when the bare word is there, NULL when nothing is. */
char *value_of(const char *line, const char *key, char *out, size_t size);

/* Takes over the text. */
struct script *script_read(char *text);

void script_free(struct script *script);

#endif
