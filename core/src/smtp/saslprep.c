/* SPDX-License-Identifier: MIT */
#include "smtp/saslprep.h"

#include "base/memory.h"
#include "facteur.h"

#include <unicode/usprep.h>
#include <unicode/ustring.h>

#include <stdint.h>

/* The longest text is a password from a file.  NFKC makes at most 18 units of one unit. */
#define TEXT_MAX 65536u
#define GROWTH 18u

static bool is_plain(fct_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < 0x20 || text.ptr[i] > 0x7e)
            return false;
    }
    return text.len > 0;
}

static int prepare(UChar *units, int32_t len, UChar *prepared, int32_t cap, int32_t *prepared_len)
{
    UErrorCode status = U_ZERO_ERROR;
    UStringPrepProfile *profile = usprep_openByType(USPREP_RFC4013_SASLPREP, &status);

    if (U_FAILURE(status))
        return status == U_MEMORY_ALLOCATION_ERROR ? FACTEUR_ENOMEM : FACTEUR_EMESSAGE;
    *prepared_len =
        usprep_prepare(profile, units, len, prepared, cap, USPREP_DEFAULT, NULL, &status);
    usprep_close(profile);
    if (status == U_MEMORY_ALLOCATION_ERROR)
        return FACTEUR_ENOMEM;
    return U_FAILURE(status) || *prepared_len == 0 ? FACTEUR_EMESSAGE : 0;
}

static int add_utf8(fct_buf *out, const UChar *units, int32_t len)
{
    UErrorCode status = U_ZERO_ERROR;
    int32_t got = 0;

    /* Reserve all at once: a buffer that grows would leave copies of a password behind. */
    if (fct_buf_reserve(out, (size_t)len * 3))
        return FACTEUR_ENOMEM;
    u_strToUTF8(out->ptr + out->len, len * 3, &got, units, len, &status);
    if (U_FAILURE(status))
        return FACTEUR_EMESSAGE;
    out->len += (size_t)got;
    out->ptr[out->len] = '\0';
    return 0;
}

int fct_saslprep(fct_buf *out, fct_slice text)
{
    UErrorCode status = U_ZERO_ERROR;
    size_t cap = text.len * (1 + GROWTH);
    int32_t len = 0, prepared_len = 0;
    UChar *units;
    int result = 0;

    if (is_plain(text))
        return fct_buf_add_slice(out, text);
    if (text.len == 0 || text.len > TEXT_MAX)
        return FACTEUR_EMESSAGE;
    units = fct_reallocarray(NULL, cap, sizeof(*units));
    if (!units)
        return FACTEUR_ENOMEM;
    u_strFromUTF8(units, (int32_t)text.len, &len, text.ptr, (int32_t)text.len, &status);
    if (U_FAILURE(status))
        result = FACTEUR_EMESSAGE;
    if (!result)
        result = prepare(units, len, units + text.len, (int32_t)(cap - text.len), &prepared_len);
    if (!result)
        result = add_utf8(out, units + text.len, prepared_len);
    fct_wipe(units, cap * sizeof(*units));
    fct_free(units);
    return result;
}
