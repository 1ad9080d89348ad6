/* SPDX-License-Identifier: MIT */
/* Terminators that must wait, and mails that are taken back before their terminator begins. */
#include "smtp/session_state.h"

bool fct_session_at_gate(const fct_session *s)
{
    const fct_outgoing *held;

    /* In a dead session the wire may refer to mails that are gone. */
    if (s->state != FCT_STATE_READY)
        return false;
    held = fct_wire_held(&s->wire);
    return held && held->hold & FCT_HOLD_GATE;
}

bool fct_session_tell_gate(fct_session *s, struct fct_session_event *event)
{
    size_t count = 0;

    if (!fct_session_at_gate(s) ||
        FCT_ENTRY(fct_wire_held(&s->wire), fct_transaction, body)->gate_told)
        return false;
    for (fct_list *link = s->mails.next; link != &s->mails; link = link->next) {
        fct_transaction *mail = FCT_ENTRY(link, fct_transaction, link);

        if (mail->state != FCT_MAIL_ACTIVE || !(mail->body.hold & FCT_HOLD_GATE))
            continue;
        mail->gate_told = true;
        s->gate_tags[count++] = mail->outcome->tag;
    }
    event->kind = FCT_EVENT_GATE;
    event->tags = s->gate_tags;
    event->tag_count = count;
    return true;
}

void fct_session_release(fct_session *s, uint64_t now_us)
{
    s->now_us = now_us;
    for (fct_list *link = s->mails.next; link != &s->mails; link = link->next) {
        fct_transaction *mail = FCT_ENTRY(link, fct_transaction, link);

        if (!mail->gate_told || !(mail->body.hold & FCT_HOLD_GATE))
            continue;
        mail->body.hold &= ~(unsigned)FCT_HOLD_GATE;
        s->since_us = now_us;
    }
}

void fct_session_first_reply(fct_session *s)
{
    if (!s->reply_holds)
        return;
    for (fct_list *link = s->mails.next; link != &s->mails; link = link->next)
        FCT_ENTRY(link, fct_transaction, link)->body.hold &= ~(unsigned)FCT_HOLD_REPLY;
    s->reply_holds = false;
}

bool fct_session_cancel(fct_session *s, const void *tag, uint64_t now_us)
{
    fct_transaction *unwanted = fct_session_find(s, tag);

    if (!unwanted || fct_session_handed_over(s, tag))
        return false;
    s->now_us = now_us;
    fct_session_give_up(s, unwanted, FACTEUR_ECLOSED, "the send was cancelled");
    return true;
}
