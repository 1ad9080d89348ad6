/* SPDX-License-Identifier: MIT */
/*
 * The whole session against any server: the input is a dialogue (tests/corpus/smtp/README.md), of
 * which the client's lines only let the client write.  Every mail has one outcome, and none is sent
 * without a 2yz reply of its own.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdlib.h>

#include "support/dialogue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
    if (!ok)
        abort();
}

static void check_outcomes(const struct play *play)
{
    size_t sent = 0;

    for (size_t i = 0; i < play->script->mail_count; i++) {
        const struct seen *seen = &play->seen[i];

        check(seen->count == (seen->submitted ? 1 : 0));
        if (!seen->submitted)
            continue;
        check((seen->class == FCT_SENT) == (seen->error == 0));
        check((seen->class == FCT_SENT) == (strchr(seen->classes, 'S') != NULL) ||
              strlen(seen->classes) == sizeof(seen->classes) - 1);
        check(seen->class != FCT_SENT || (seen->code >= 200 && seen->code < 300));
        check(seen->class != FCT_PERMANENT || seen->code >= 500 || seen->code == 0);
        check(!(seen->untouched && seen->class != FCT_TEMPORARY));
        check(!(seen->again && seen->class != FCT_TEMPORARY));
        check(seen->class == FCT_SENT || seen->message[0]);
        sent += seen->class == FCT_SENT;
    }
    check(sent <= play->successes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct play play = {.lenient = true, .blind = true};
    struct script *script;
    char *text;

    if (size > 20000 || memchr(data, 0, size))
        return 0;
    text = must(strndup((const char *)data, size));
    script = script_read(text);
    play.feed_step = size % 3 == 0 ? 1 : NO_LIMIT;
    play.accept_step = size % 5 == 0 ? 7 : NO_LIMIT;
    play_script(&play, script);
    check(play.closed);
    check_outcomes(&play);
    check(strlen(play.transcript) <= 16 * 1024);
    play_done(&play);
    script_free(script);
    return 0;
}
