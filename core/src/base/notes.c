/* SPDX-License-Identifier: MIT */
#include "base/notes.h"

#include "base/printable.h"
#include "base/utf8.h"
#include "facteur.h"

#include <stdio.h>

#define ELLIPSIS "\xe2\x80\xa6"

static bool is_there(const fct_notes *notes, const char *note)
{
    for (size_t i = 0; i < notes->count; i++) {
        if (strcmp(fct_notes_at(notes, i), note) == 0)
            return true;
    }
    return false;
}

/* The last note gives way to the number of those that are not kept. */
static void count_more(fct_notes *notes)
{
    notes->more += notes->more ? 1 : 2;
    notes->text.len = (size_t)(fct_notes_at(notes, FCT_NOTES_MAX - 1) - notes->text.ptr);
    fct_buf_addf(&notes->text, "and %zu more notes", notes->more);
    fct_buf_add_char(&notes->text, '\0');
}

static void add(fct_notes *notes, fct_slice note)
{
    fct_buf_reserve(&notes->text, note.len + 1);
    if (notes->text.failed)
        return;
    fct_buf_add_slice(&notes->text, note);
    fct_buf_add_char(&notes->text, '\0');
    notes->count++;
}

void fct_notes_addv(fct_notes *notes, const char *format, va_list args)
{
    char raw[2 * FCT_NOTE_LEN];
    fct_buf note = {0};
    fct_slice shown;

    vsnprintf(raw, sizeof raw, format, args);
    fct_printable_add(&note, fct_slice_of(raw));
    if (note.len > FCT_NOTE_LEN) {
        shown = fct_utf8_cut((fct_slice){note.ptr, note.len}, FCT_NOTE_LEN - strlen(ELLIPSIS));
        note.len = shown.len;
        fct_buf_add_text(&note, ELLIPSIS);
    }
    if (note.failed)
        notes->text.failed = true;
    else if (!note.len || is_there(notes, note.ptr))
        ;
    else if (notes->count == FCT_NOTES_MAX)
        count_more(notes);
    else
        add(notes, (fct_slice){note.ptr, note.len});
    fct_buf_done(&note);
}

void fct_notes_add(fct_notes *notes, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fct_notes_addv(notes, format, args);
    va_end(args);
}

const char *fct_notes_at(const fct_notes *notes, size_t index)
{
    const char *at = notes->text.ptr;

    if (index >= notes->count)
        return "";
    while (index--)
        at += strlen(at) + 1;
    return at;
}

int fct_notes_copy(fct_notes *to, const fct_notes *from)
{
    if (from->text.failed)
        return FACTEUR_ENOMEM;
    to->count = from->count;
    to->more = from->more;
    return from->count ? fct_buf_add(&to->text, from->text.ptr, from->text.len) : 0;
}

void fct_notes_done(fct_notes *notes)
{
    fct_buf_done(&notes->text);
    *notes = (fct_notes){0};
}
