/* SPDX-License-Identifier: MIT */
#include "smtp/transcript.h"

#include <string.h>

static void put(fct_transcript *transcript, const char *bytes, size_t len)
{
    if (len > FCT_TRANSCRIPT_MAX) {
        bytes += len - FCT_TRANSCRIPT_MAX;
        len = FCT_TRANSCRIPT_MAX;
    }
    while (len) {
        size_t at = (transcript->start + transcript->len) % FCT_TRANSCRIPT_MAX;
        size_t part = FCT_TRANSCRIPT_MAX - at < len ? FCT_TRANSCRIPT_MAX - at : len;

        memcpy(transcript->ring + at, bytes, part);
        transcript->len += part;
        if (transcript->len > FCT_TRANSCRIPT_MAX) {
            transcript->start =
                (transcript->start + transcript->len - FCT_TRANSCRIPT_MAX) % FCT_TRANSCRIPT_MAX;
            transcript->len = FCT_TRANSCRIPT_MAX;
        }
        bytes += part;
        len -= part;
    }
}

void fct_transcript_add(fct_transcript *transcript, const char *who, fct_slice text)
{
    size_t who_len = strlen(who);

    do {
        const char *end = text.len ? memchr(text.ptr, '\n', text.len) : NULL;
        size_t len = end ? (size_t)(end - text.ptr) : text.len;

        put(transcript, who, who_len);
        if (len)
            put(transcript, text.ptr, len);
        put(transcript, "\n", 1);
        len += end ? 1 : 0;
        if (len == 0)
            return; /* an empty text may have no pointer to move */
        text.ptr += len;
        text.len -= len;
    } while (text.len);
}

static void reverse(char *from, char *to)
{
    while (from < to) {
        char kept = *from;

        *from++ = *--to;
        *to = kept;
    }
}

const char *fct_transcript_text(fct_transcript *transcript)
{
    char *ring = transcript->ring, *end = ring + transcript->len;
    char *line;

    if (transcript->start == 0) {
        *end = '\0';
        return ring;
    }
    /* The ring has wrapped, so it is full.  Rotate it in place until its oldest byte is first. */
    reverse(ring, ring + transcript->start);
    reverse(ring + transcript->start, end);
    reverse(ring, end);
    transcript->start = 0;
    line = memchr(ring, '\n', transcript->len);
    transcript->len -= (size_t)(line + 1 - ring);
    memmove(ring, line + 1, transcript->len);
    ring[transcript->len] = '\0';
    return ring;
}
