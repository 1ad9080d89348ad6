/* SPDX-License-Identifier: MIT */
/* From a builder to a mail: decides date, id and envelope, writes the bytes, and keeps them all. */
#include "mime/builder.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/utf8.h"
#include "mime/envelope.h"
#include "mime/limits.h"

#define RANDOM_SIZE sizeof((struct fct_freeze *)0)->random
/* "@", a domain and its NUL are shorter than the last two. */
#define ID_SIZE (2 * RANDOM_SIZE + 1 + FCT_MAX_ADDRESS)

/* Lists that freezing makes in addition to those of the message. */
struct freezing {
    facteur_message *message;
    const struct fct_freeze *facts;
    facteur_error **error;
    fct_address_list from, sender, recipients; /* of default_from, or of the raw fields */
    struct fct_decided decided;
    char id[ID_SIZE];
    const char *envelope_from;
    fct_envelope envelope;
    fct_content content;
    unsigned needs;
};

static void done(struct freezing *f)
{
    fct_address_list_done(&f->from);
    fct_address_list_done(&f->sender);
    fct_address_list_done(&f->recipients);
    fct_envelope_done(&f->envelope);
    fct_content_done(&f->content);
}

static const char *make_id(char id[ID_SIZE], const unsigned char random[RANDOM_SIZE],
                           const char *author)
{
    fct_slice domain = author ? fct_address_domain(author) : FCT_SLICE("localhost");
    char *end = fct_hex(id, random, RANDOM_SIZE);

    *end++ = '@';
    memcpy(end, domain.ptr, domain.len);
    end[domain.len] = '\0';
    return id;
}

static fct_date made_date(const struct freezing *f)
{
    return f->message->has_made_date ? f->message->made_date : (fct_date){.s = f->facts->date_s};
}

static int parse(struct freezing *f, fct_address_list *list, const char *field, fct_slice text)
{
    return fct_address_list_parse(list, field, text, f->error);
}

static int parse_foreign(struct freezing *f, fct_address_list *list, const char *field,
                         const fct_buf *text)
{
    return fct_address_list_parse_foreign(list, field, (fct_slice){text->ptr, text->len}, f->error);
}

/* ---- Built messages -------------------------------------------------------------------------- */

static int decide_from(struct freezing *f)
{
    const facteur_message *message = f->message;
    int result = 0;

    f->decided.from = &message->from;
    if (!message->from.count && f->facts->default_from) {
        result = parse(f, &f->from, "default_from", fct_slice_of(f->facts->default_from));
        f->decided.from = &f->from;
    }
    if (result)
        return result;
    if (!f->decided.from->count || fct_address_list_has_groups(f->decided.from))
        return fct_error_set(f->error, FACTEUR_EMESSAGE, "from",
                             "the message has no sender: set from, or the mailer's default_from");
    if (f->decided.from->count > 1 && !message->sender.count)
        return fct_error_set(f->error, FACTEUR_EMESSAGE, "sender",
                             "with several mailboxes in from, sender must say who sends "
                             "(RFC 5322 section 3.6.2)");
    return 0;
}

static void decide_built(struct freezing *f)
{
    const facteur_message *message = f->message;
    const char *author = f->decided.from->items[0].address;

    f->decided.message_id = message->message_id ? message->message_id : message->made_id;
    if (!f->decided.message_id)
        f->decided.message_id = make_id(f->id, f->facts->random, author);
    f->decided.date = message->has_date ? message->date : made_date(f);
    f->envelope_from = message->envelope_from;
    if (!f->envelope_from)
        f->envelope_from = message->sender.count ? message->sender.items[0].address : author;
}

static bool has_utf8(const fct_address_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].address && !fct_is_ascii(fct_slice_of(list->items[i].address)))
            return true;
    }
    return false;
}

/*
 * A mail with two such fields is not valid (RFC 8058 section 3.1), or the two contradict each
 * other.
 */
static int check_twice(const facteur_message *m, facteur_error **error)
{
    static const char *const priority[] = {"X-Priority", "Importance", "Priority"};

    for (size_t i = 0; i < m->header_count; i++) {
        fct_slice name = fct_slice_of(m->headers[i].name);
        const char *field = NULL;

        if (m->list_unsubscribe && fct_slice_starts_nocase(name, FCT_SLICE("List-Unsubscribe")))
            field = "list_unsubscribe";
        for (size_t k = 0; m->priority && k < sizeof priority / sizeof priority[0]; k++)
            field = fct_slice_equal_nocase(name, fct_slice_of(priority[k])) ? "priority" : field;
        if (field)
            return fct_error_set(error, FACTEUR_EMESSAGE, field,
                                 "%s and the header %s are both given", field, m->headers[i].name);
    }
    return 0;
}

static int freeze_built(struct freezing *f)
{
    const facteur_message *m = f->message;
    int result = decide_from(f);

    if (!result)
        result = check_twice(m, f->error);
    if (result)
        return result;
    decide_built(f);
    for (size_t i = 0; i < m->header_count; i++) {
        if (has_utf8(&m->headers[i].addresses))
            f->needs |= FCT_NEEDS_SMTPUTF8 | FCT_NEEDS_8BITMIME;
    }
    if (has_utf8(f->decided.from) || has_utf8(&m->sender) || has_utf8(&m->reply_to) ||
        has_utf8(&m->to) || has_utf8(&m->cc))
        f->needs |= FCT_NEEDS_SMTPUTF8 | FCT_NEEDS_8BITMIME;
    return fct_message_serialise(m, &f->decided, &f->content, f->error);
}

/* ---- Finished bytes -------------------------------------------------------------------------- */

static int decide_raw_sender(struct freezing *f)
{
    const struct fct_raw *raw = f->message->raw;
    const fct_address *author;
    int result = 0;

    f->envelope_from = f->message->envelope_from;
    if (!f->envelope_from && raw->sender.len)
        result = parse_foreign(f, &f->sender, "sender", &raw->sender);
    if (!result && raw->from.len && (!raw->has_message_id || !f->envelope_from))
        result = parse_foreign(f, &f->from, "from", &raw->from);
    if (!result && !f->envelope_from && !raw->from.len && !raw->sender.len &&
        f->facts->default_from)
        result = parse(f, &f->from, "default_from", fct_slice_of(f->facts->default_from));
    /*
     * Fields that others wrote may be malformed.  This matters only when nothing else gives the
     * sender.
     */
    if (result == FACTEUR_EMESSAGE && f->envelope_from) {
        if (f->error) {
            facteur_error_free(*f->error);
            *f->error = NULL;
        }
        result = 0;
    }
    if (result)
        return result;
    author = fct_address_list_first(f->sender.count ? &f->sender : &f->from);
    if (!f->envelope_from && author)
        f->envelope_from = author->address;
    if (!f->envelope_from)
        return fct_error_set(f->error, FACTEUR_EMESSAGE, "envelope_from",
                             "the message has no sender: set envelope_from");
    author = fct_address_list_first(&f->from);
    f->decided.message_id = raw->message_id ? raw->message_id : f->message->made_id;
    if (!f->decided.message_id)
        f->decided.message_id = make_id(f->id, f->facts->random,
                                        author                ? author->address
                                        : f->envelope_from[0] ? f->envelope_from
                                                              : NULL);
    return 0;
}

/* Add the fields that every message must have (RFC 5322 section 3.6). */
static void complete_raw(struct freezing *f)
{
    const struct fct_raw *raw = f->message->raw;
    fct_buf *out = &f->content.bytes;
    char date[FCT_DATE_TEXT];

    if (!raw->has_date) {
        fct_date_write(date, made_date(f));
        fct_buf_addf(out, "Date: %s\r\n", date);
    }
    if (!raw->has_message_id)
        fct_buf_addf(out, "Message-ID: <%s>\r\n", f->decided.message_id);
    fct_buf_add(out, raw->bytes.ptr, raw->bytes.len);
}

static int freeze_raw(struct freezing *f)
{
    struct fct_raw *raw = f->message->raw;
    int result = decide_raw_sender(f);

    if (result)
        return result;
    if (!f->message->recipients.count && raw->recipients.len)
        result = parse_foreign(f, &f->recipients, "to", &raw->recipients);
    if (result)
        return result;
    if (raw->has_date && raw->has_message_id) {
        f->content.lender = fct_raw_ref(raw);
        f->content.bytes = raw->bytes;
    } else {
        complete_raw(f);
    }
    f->needs |= raw->has_8bit ? FCT_NEEDS_8BITMIME : 0;
    f->needs |= raw->has_8bit_header ? FCT_NEEDS_SMTPUTF8 : 0;
    return 0;
}

/* ---- Both ------------------------------------------------------------------------------------ */

static int gather_recipients(struct freezing *f)
{
    const facteur_message *m = f->message;
    int result = fct_envelope_init(&f->envelope, m->to.count + m->cc.count + m->bcc.count +
                                                     m->recipients.count + f->recipients.count);

    if (result)
        return result;
    if (m->recipients.count) {
        fct_envelope_add(&f->envelope, &m->recipients);
    } else {
        fct_envelope_add(&f->envelope, &m->to);
        fct_envelope_add(&f->envelope, &m->cc);
        fct_envelope_add(&f->envelope, &m->bcc);
        fct_envelope_add(&f->envelope, &f->recipients);
    }
    if (f->envelope.count > FCT_MAX_RECIPIENTS)
        return fct_error_set(f->error, FACTEUR_EMESSAGE, "to",
                             "a message has at most %d recipients", FCT_MAX_RECIPIENTS);
    return 0;
}

static int freeze(facteur_message *message, const struct fct_freeze *facts, facteur_error **error)
{
    struct freezing f = {.message = message, .facts = facts, .error = error};
    int result = message->raw ? freeze_raw(&f) : freeze_built(&f);

    if (!result)
        result = gather_recipients(&f);
    if (!result) {
        message->frozen = fct_mail_new(&f.content, f.envelope_from, f.envelope.recipients,
                                       f.envelope.count, f.decided.message_id, f.needs);
        if (!message->frozen)
            result = FACTEUR_ENOMEM;
        else if (fct_mail_equip(message->frozen, &message->terms, &message->labels,
                                &message->notes)) {
            fct_mail_unref(message->frozen);
            message->frozen = NULL;
            result = FACTEUR_ENOMEM;
        }
    }
    if (!result) {
        message->made_date = made_date(&f);
        message->has_made_date = true;
    }
    done(&f);
    return result == FACTEUR_ENOMEM ? fct_error_nomem(error) : result;
}

int fct_message_freeze(facteur_message *message, const struct fct_freeze *facts, fct_mail **out,
                       facteur_error **error)
{
    int result = message->frozen ? 0 : freeze(message, facts, error);

    if (result)
        return result;
    if (fct_message_is_unaddressed(message))
        return fct_error_set(error, FACTEUR_EMESSAGE, facteur_error_where(message->unaddressed),
                             "%s", facteur_error_message(message->unaddressed));
    if (!fct_mail_recipient_count(message->frozen))
        return fct_error_set(error, FACTEUR_EMESSAGE, "to",
                             "the message has no recipient: set to, cc or bcc");
    *out = fct_mail_ref(message->frozen);
    return 0;
}

bool fct_message_is_unaddressed(const facteur_message *message)
{
    return message->unaddressed && message->frozen && !fct_mail_recipient_count(message->frozen);
}

static bool has_id(const facteur_message *message)
{
    return message->raw ? message->raw->message_id != NULL : message->message_id != NULL;
}

bool fct_message_lacks_id(const facteur_message *message)
{
    return !message->frozen && !has_id(message) && !message->made_id;
}

const char *fct_message_made_id(const facteur_message *message)
{
    if (has_id(message))
        return NULL;
    return message->frozen ? fct_mail_message_id(message->frozen) : message->made_id;
}

bool fct_message_make(facteur_message *message, const char *id, const char *date)
{
    message->made_id = id ? fct_strdup(id) : NULL;
    message->has_made_date = date && fct_date_parse(&message->made_date, fct_slice_of(date)) == 0;
    return !id || message->made_id;
}

static int draw(unsigned char random[RANDOM_SIZE], facteur_error **error)
{
    int result = fct_random(random, RANDOM_SIZE);

    return result ? fct_error_set(error, result, NULL, "the system provides no random numbers") : 0;
}

/* With the domain of this author; NULL: whose it will be is not known yet. */
static int decide_id(facteur_message *message, const fct_address *author, facteur_error **error)
{
    unsigned char random[RANDOM_SIZE];
    char id[ID_SIZE];
    int result = author ? draw(random, error) : 0;

    if (result || !author)
        return result;
    message->made_id = fct_strdup(make_id(id, random, author->address));
    return message->made_id ? 0 : fct_error_nomem(error);
}

int fct_message_decide(facteur_message *message, facteur_error **error)
{
    const struct fct_raw *raw = message->raw;
    fct_address_list from = {0};
    int result = 0;

    if (message->frozen)
        return 0;
    if (!message->has_made_date) {
        message->made_date = (fct_date){.s = fct_clock_date_s()};
        message->has_made_date = true;
    }
    if (!fct_message_lacks_id(message))
        return 0;
    if (raw && raw->from.len)
        result = fct_address_list_parse_foreign(&from, "from",
                                                (fct_slice){raw->from.ptr, raw->from.len}, NULL);
    if (result != FACTEUR_ENOMEM)
        result = decide_id(message, fct_address_list_first(raw ? &from : &message->from), error);
    else
        result = fct_error_nomem(error);
    fct_address_list_done(&from);
    return result;
}

const fct_secret *fct_message_smime(const facteur_message *message)
{
    return message->smime;
}

fct_mail *fct_message_sealed(const facteur_message *message, uint64_t signer)
{
    return message->sealed_by == signer ? message->sealed : NULL;
}

void fct_message_keep_sealed(facteur_message *message, uint64_t signer, fct_mail *mail)
{
    fct_mail_unref(message->sealed);
    message->sealed = fct_mail_ref(mail);
    message->sealed_by = signer;
}

/*
 * As fct_message_decide(), it asks a clock and draws random bytes itself: its callers pass none.
 */
int facteur_message_bytes(facteur_message *message, char **bytes, size_t *len,
                          facteur_error **error)
{
    struct fct_freeze facts = {.date_s = fct_clock_date_s()};
    fct_buf out = {0};
    char *taken = NULL;
    int result = fct_message_lacks_id(message) ? draw(facts.random, error) : 0;

    if (!result && !message->frozen)
        result = freeze(message, &facts, error);
    if (result)
        return result;
    result = fct_mail_read(message->frozen, &out, error);
    if (!result)
        taken = fct_buf_take(&out, len);
    fct_buf_done(&out);
    if (taken)
        *bytes = taken;
    else if (!result || result == FACTEUR_ENOMEM)
        result = fct_error_nomem(error);
    return result;
}
