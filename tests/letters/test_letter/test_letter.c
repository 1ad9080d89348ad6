/* SPDX-License-Identifier: MIT */
/* A kind of letter that only the tests have: a club tells a member of a meeting. */
#include "letters/letter_kind.h"

struct member {
    fct_slice name, email;
};

struct meeting {
    fct_slice title, organiser, locale;
    struct member *member;
    struct fct_day date;
};

static const struct fct_field member_fields[] = {
    FCT_FIELD(member, name, FCT_LINE),
    FCT_FIELD(member, email, FCT_ADDRESS),
};
static const struct fct_shape member_shape = FCT_SHAPE(member, member_fields, NULL);

static const struct fct_field meeting_fields[] = {
    FCT_NEEDED(meeting, title, FCT_LINE),
    FCT_NEEDED(meeting, organiser, FCT_ADDRESS),
    FCT_NEEDED_PART(meeting, member, FCT_OBJECT, member_shape),
    FCT_NEEDED(meeting, date, FCT_DAY),
    FCT_FIELD(meeting, locale, FCT_LINE),
};
static const struct fct_shape meeting_shape = FCT_SHAPE(meeting, meeting_fields, NULL);

static fct_slice show(const struct fct_words *words, const void *data, fct_view *view)
{
    const struct meeting *meeting = data;

    fct_view_text(view, "customer_name", meeting->member->name);
    fct_view_text(view, "title", meeting->title);
    fct_view_text(view, "date", fct_locale_date(words->locale, words->arena, meeting->date));
    return fct_words_label(words, "test_subject", view);
}

const struct fct_letter_kind fct_letter_test_letter = {
    .name = "test_letter",
    .shape = &meeting_shape,
    .text = "test_letter.txt",
    .html = "test_letter.html",
    .from = {.address = "organiser"},
    .to = {"member.name", "member.email", false},
    .key = {"organiser", "title"},
    .show = show,
};
