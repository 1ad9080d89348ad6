/* SPDX-License-Identifier: MIT */
#include "letters/locale_tag.h"

#include "letters/catalogue.h"

#include <string.h>

#define RANGES_MAX 32 /* ranges of an Accept-Language header that are read */

/* The scripts that POSIX names after an "@".  Other modifiers ("euro") do not change words. */
static const char *const modifiers[][2] = {
    {"latin", "latn"}, {"cyrillic", "cyrl"}, {"devanagari", "deva"}};

static fct_slice until(fct_slice text, char a, char b)
{
    size_t len = 0;

    while (len < text.len && text.ptr[len] != a && text.ptr[len] != b)
        len++;
    return (fct_slice){text.ptr, len};
}

static fct_slice after(fct_slice text, size_t len)
{
    len = len < text.len ? len : text.len;
    return (fct_slice){text.ptr + len, text.len - len};
}

static bool add(char tag[FCT_TAG_MAX], fct_slice subtag)
{
    size_t used = strlen(tag);

    if (used)
        tag[used++] = '-';
    if (!subtag.len || used + subtag.len >= FCT_TAG_MAX)
        return false;
    for (size_t i = 0; i < subtag.len; i++) {
        int byte = (unsigned char)subtag.ptr[i];

        if (!fct_is_alnum(byte))
            return false;
        tag[used++] = (char)fct_ascii_lower(byte);
    }
    tag[used] = '\0';
    return true;
}

/* Subtags separated by "-" or "_".  A script that a modifier names is put after the language. */
static bool read_subtags(fct_slice text, fct_slice script, char tag[FCT_TAG_MAX])
{
    tag[0] = '\0';
    for (;;) {
        fct_slice subtag = until(text, '-', '_');

        if (!add(tag, subtag) || (script.len && !add(tag, script)))
            return false;
        if (subtag.len == text.len)
            return true;
        script.len = 0;
        text = after(text, subtag.len + 1);
    }
}

static bool read_one(fct_slice text, char tag[FCT_TAG_MAX])
{
    fct_slice name = until(text, '.', '@'), script = {0};
    fct_slice modifier = after(text, until(text, '@', '@').len + 1);

    if (fct_slice_equal_nocase(name, FCT_SLICE("C")) ||
        fct_slice_equal_nocase(name, FCT_SLICE("POSIX")))
        name = FCT_SLICE("en");
    for (size_t i = 0; modifier.len && i < sizeof modifiers / sizeof modifiers[0]; i++) {
        if (fct_slice_equal_nocase(modifier, fct_slice_of(modifiers[i][0])))
            script = fct_slice_of(modifiers[i][1]);
    }
    return read_subtags(name, script, tag);
}

/* The weight in thousandths of "fr;q=0.8": 1000 when none is given, 0 when it cannot be read. */
static int weight_of(fct_slice parameters)
{
    fct_slice value = fct_slice_trim(parameters);
    int weight, unit = 1000;

    if (!value.len)
        return unit;
    if (value.len < 3 || fct_ascii_lower((unsigned char)value.ptr[0]) != 'q' ||
        value.ptr[1] != '=' || (value.ptr[2] != '0' && value.ptr[2] != '1'))
        return 0;
    weight = value.ptr[2] == '1' ? unit : 0;
    for (size_t i = 4; i < value.len && i < 7 && fct_is_digit((unsigned char)value.ptr[i]); i++) {
        unit /= 10;
        weight += unit * (value.ptr[i] - '0');
    }
    return weight < 1000 ? weight : 1000;
}

/* A language without a catalogue also gets the English one. */
static bool has_words(const char *tag)
{
    const struct fct_catalogue *catalogue = fct_catalogue_for(tag);

    return strcmp(catalogue->tag, "en") != 0 || fct_catalogue_suits(catalogue, tag);
}

static bool read_ranges(fct_slice text, char tag[FCT_TAG_MAX])
{
    int best = 0;

    for (int i = 0; i < RANGES_MAX && text.len; i++) {
        fct_slice range = until(text, ',', ','), name = until(range, ';', ';');
        char here[FCT_TAG_MAX];
        /* A language with a catalogue comes before all without one. */
        int weight = weight_of(after(range, name.len + 1));

        text = after(text, range.len + 1);
        if (!weight || !read_one(fct_slice_trim(name), here))
            continue;
        if (weight + 1000 > best && has_words(here))
            weight += 1000;
        if (weight > best) {
            best = weight;
            memcpy(tag, here, sizeof here);
        }
    }
    return best > 0;
}

bool fct_locale_tag(fct_slice text, char tag[FCT_TAG_MAX])
{
    fct_slice one = until(text, ',', ';');

    return one.len == text.len ? read_one(fct_slice_trim(text), tag) : read_ranges(text, tag);
}
