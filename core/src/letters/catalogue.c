/* SPDX-License-Identifier: MIT */
#include "letters/catalogue.h"

#include <stdio.h>
#include <string.h>
#include <unicode/uloc.h>

/* A locale with its implied parts: "zh-TW" means Chinese in traditional characters. */
struct whole {
    char language[ULOC_LANG_CAPACITY];
    char script[ULOC_SCRIPT_CAPACITY];
    char country[ULOC_COUNTRY_CAPACITY];
};

size_t fct_catalogue_key(fct_slice key)
{
    size_t low = 0, high = fct_catalogue_key_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const char *here = fct_catalogue_keys[middle];
        int order = strncmp(here, key.ptr, key.len);

        if (order == 0 && here[key.len] == '\0')
            return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return FCT_NO_KEY;
}

/* Made from ICU's name, not BCP 47's.  All parts are empty when ICU fails. */
static struct whole whole_of_id(const char *id)
{
    struct whole whole = {0};
    char full[ULOC_FULLNAME_CAPACITY];
    UErrorCode status = U_ZERO_ERROR;

    uloc_addLikelySubtags(id, full, (int32_t)sizeof full, &status);
    uloc_getLanguage(full, whole.language, (int32_t)sizeof whole.language, &status);
    uloc_getScript(full, whole.script, (int32_t)sizeof whole.script, &status);
    uloc_getCountry(full, whole.country, (int32_t)sizeof whole.country, &status);
    if (U_FAILURE(status) || status == U_STRING_NOT_TERMINATED_WARNING)
        return (struct whole){0};
    return whole;
}

static struct whole whole_of(const char *tag)
{
    char id[ULOC_FULLNAME_CAPACITY];
    UErrorCode status = U_ZERO_ERROR;

    uloc_forLanguageTag(tag, id, (int32_t)sizeof id, NULL, &status);
    return U_FAILURE(status) ? (struct whole){0} : whole_of_id(id);
}

static bool is_same(const struct whole *a, const struct whole *b)
{
    return a->language[0] && strcmp(a->language, b->language) == 0 &&
           strcmp(a->script, b->script) == 0 && strcmp(a->country, b->country) == 0;
}

/*
 * "pt" and "pt-BR" are the same locale.  The narrower catalogue is for requests with all its parts.
 */
static bool is_nearer(const struct fct_catalogue *here, const struct fct_catalogue *found,
                      bool narrow)
{
    return !found || (strlen(here->tag) > strlen(found->tag)) == narrow;
}

const struct fct_catalogue *fct_catalogue_for(const char *tag)
{
    enum { ALL, SCRIPT, LANGUAGE, STEPS };
    struct whole wanted[STEPS] = {whole_of(tag)};
    const struct fct_catalogue *found[STEPS] = {NULL}, *english = &fct_catalogues[0];
    char id[ULOC_LANG_CAPACITY + ULOC_SCRIPT_CAPACITY + 1];

    snprintf(id, sizeof id, "%s_%s", wanted[ALL].language, wanted[ALL].script);
    wanted[SCRIPT] = whole_of_id(id);
    wanted[LANGUAGE] = whole_of_id(wanted[ALL].language);
    for (size_t i = 0; i < fct_catalogue_count; i++) {
        const struct fct_catalogue *here = &fct_catalogues[i];
        struct whole whole = whole_of(here->tag);

        if (fct_slice_equal_nocase(fct_slice_of(here->tag), fct_slice_of(tag)))
            return here;
        if (strcmp(here->tag, "en") == 0)
            english = here;
        for (int step = ALL; step < STEPS; step++) {
            if (is_same(&whole, &wanted[step]) && is_nearer(here, found[step], step == ALL))
                found[step] = here;
        }
    }
    for (int step = ALL; step < STEPS; step++) {
        if (found[step])
            return found[step];
    }
    return english;
}

bool fct_catalogue_suits(const struct fct_catalogue *catalogue, const char *tag)
{
    struct whole words = whole_of(catalogue->tag), locale = whole_of(tag);

    return strcmp(words.language, locale.language) == 0 && strcmp(words.script, locale.script) == 0;
}

fct_slice fct_catalogue_text(const struct fct_catalogue *catalogue, const char *key)
{
    size_t index = fct_catalogue_key(fct_slice_of(key));

    return index == FCT_NO_KEY ? fct_slice_of(key) : fct_slice_of(catalogue->texts[index]);
}
