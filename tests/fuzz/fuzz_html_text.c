/* SPDX-License-Identifier: MIT */
/* Any HTML: lines of UTF-8 text come out, and not out of proportion. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/utf8.h"
#include "mime/html_text.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void require(int holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    fct_slice html = {(const char *)data, size};
    char *text = NULL;
    size_t len = 0;

    if (fct_utf8_check(html) != size || (size && memchr(data, 0, size)))
        return 0;
    if (fct_html_text(html, &text, &len, NULL))
        return 0;
    require(fct_utf8_check((fct_slice){text, len}) == len);
    require(len <= 64 + 40 * size);
    for (size_t i = 0; i < len; i++) {
        require(text[i] == '\n' || ((unsigned char)text[i] >= ' ' && text[i] != 0x7f));
        require(!(text[i] == '\n' && i && text[i - 1] == ' '));
    }
    facteur_free(text);
    return 0;
}
