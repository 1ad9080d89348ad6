/* SPDX-License-Identifier: MIT */
/* A postal address in its country's order of postal code, city and region. */
#include "letters/order.h"

#include <string.h>

/* Countries that write the city before the postal code. */
static const char city_first[] =
    "AE AU BR CA CN GB HK IE IN ID JP KR MY NG NZ PH PK SA SG TH TW US "
    "VN ZA";

static bool is_code(fct_slice country)
{
    return country.len == 2 && country.ptr[0] >= 'A' && country.ptr[0] <= 'Z' &&
           country.ptr[1] >= 'A' && country.ptr[1] <= 'Z';
}

static bool puts_city_first(fct_slice country)
{
    for (const char *code = city_first; is_code(country) && *code; code += code[2] ? 3 : 2) {
        if (memcmp(code, country.ptr, 2) == 0)
            return true;
    }
    return false;
}

static void add_line(fct_buf *out, fct_slice line)
{
    if (!line.len)
        return;
    if (out->len)
        fct_buf_add_char(out, '\n');
    fct_buf_add_slice(out, line);
}

static void add_words(fct_buf *out, fct_slice a, const char *between, fct_slice b)
{
    if (!a.len || !b.len) {
        add_line(out, a.len ? a : b);
        return;
    }
    add_line(out, a);
    fct_buf_add_text(out, between);
    fct_buf_add_slice(out, b);
}

static void add_city(fct_buf *out, const struct fct_postal *address)
{
    if (!puts_city_first(address->country)) {
        add_words(out, address->postal_code, " ", address->city);
        add_line(out, address->region);
        return;
    }
    add_words(out, address->city, ", ", address->region);
    if (address->postal_code.len && (address->city.len || address->region.len))
        fct_buf_add_char(out, ' ');
    if (address->city.len || address->region.len)
        fct_buf_add_slice(out, address->postal_code);
    else
        add_line(out, address->postal_code);
}

fct_slice fct_postal_lines(const struct fct_postal *address, fct_locale *locale, fct_arena *arena)
{
    fct_buf out = {0};
    fct_slice result;

    if (address->text.len)
        return address->text;
    add_line(&out, address->name);
    add_line(&out, address->company);
    add_line(&out, address->line1);
    add_line(&out, address->line2);
    add_city(&out, address);
    add_line(&out, is_code(address->country) ? fct_locale_country(locale, arena, address->country)
                                             : address->country);
    add_line(&out, address->phone);
    result = fct_arena_take(arena, &out);
    fct_buf_done(&out);
    return result;
}
