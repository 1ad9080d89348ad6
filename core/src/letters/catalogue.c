/* SPDX-License-Identifier: MIT */
#include "letters/catalogue.h"

#include <string.h>

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

const struct fct_catalogue *fct_catalogue_for(const char *language)
{
    const struct fct_catalogue *english = &fct_catalogues[0];

    for (size_t i = 0; i < fct_catalogue_count; i++) {
        if (strcmp(fct_catalogues[i].language, language) == 0)
            return &fct_catalogues[i];
        if (strcmp(fct_catalogues[i].language, "en") == 0)
            english = &fct_catalogues[i];
    }
    return english;
}

fct_slice fct_catalogue_text(const struct fct_catalogue *catalogue, const char *key)
{
    size_t index = fct_catalogue_key(fct_slice_of(key));

    return index == FCT_NO_KEY ? fct_slice_of(key) : fct_slice_of(catalogue->texts[index]);
}
