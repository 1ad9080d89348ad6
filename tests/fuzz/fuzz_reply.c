/* SPDX-License-Identifier: MIT */
/* Replies: the same result in one piece and in pieces, within the limits, printable. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "smtp/reply.h"

struct result {
    int end;
    unsigned count;
    uint64_t sum;
};

static void check(bool ok)
{
    if (!ok)
        abort();
}

static struct result run(const char *bytes, size_t len, size_t step)
{
    fct_reply_parser parser = {0};
    struct result result = {0};
    fct_buf text = {0};

    while (len && result.end >= 0) {
        size_t part = len < step ? len : step, used = 0;
        fct_reply reply;

        result.end = fct_reply_feed(&parser, bytes, part, &used);
        check(used <= part);
        check(parser.text.len <= FCT_REPLY_MAX && parser.line.len <= FCT_REPLY_LINE_MAX);
        if (result.end == 1) {
            fct_reply_read(&parser, &text, &reply);
            check(reply.code >= 200 && reply.code <= 599 && reply.text);
            check(fct_utf8_check(fct_slice_of(reply.text)) == strlen(reply.text));
            check(!strpbrk(reply.text, "\r\x1b\x7f"));
            check(!*reply.enhanced || reply.enhanced[0] == '0' + reply.code / 100);
            result.count++;
            result.sum = result.sum * 31 + (uint64_t)reply.code + strlen(reply.text);
        } else if (result.end == 0) {
            check(used == part);
        }
        bytes += used;
        len -= used;
    }
    fct_buf_done(&text);
    fct_reply_parser_done(&parser);
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct result whole = run((const char *)data, size, SIZE_MAX);
    struct result bytes = run((const char *)data, size, 1);
    struct result some = run((const char *)data, size, 1 + size / 3);

    check(whole.count == bytes.count && whole.sum == bytes.sum);
    check((whole.end < 0) == (bytes.end < 0));
    check(whole.count == some.count && whole.sum == some.sum);
    return 0;
}
