/* SPDX-License-Identifier: MIT */
#include "mailer/prepare.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "mailer/receipt.h"
#include "mime/bounds.h"
#include "mime/message.h"
#include "relays/provider.h"

#define NOT_ALLOWED "not in the option allow (mode=allowlist)"
#define NOBODY_ALLOWED "no recipient is in the option allow (mode=allowlist)"

/* Every relay that may take the mail must accept its tags and metadata. */
static int check_labels(const fct_plan *plan, const fct_mail *mail, facteur_error **error)
{
    int err = 0;

    if (plan->target != FCT_TARGET_RELAY)
        return 0;
    for (unsigned i = 0; !err && i < plan->member_count; i++)
        err = fct_provider_check(plan->members[i].dsn.preset, mail, error);
    return err;
}

/* Freeze the message as it is now, and check whether it may be sent. */
static int freeze(const fct_plan *plan, facteur_message *message, fct_mail **out,
                  facteur_error **error)
{
    struct fct_freeze facts = {
        .default_from = plan->default_from,
        .date_s = fct_clock_date_s(),
    };
    fct_mail *mail = NULL;
    int err = fct_message_lacks_id(message) ? fct_random(facts.random, sizeof facts.random) : 0;

    if (err)
        return fct_error_set(error, err, NULL, "the system provides no random numbers");
    err = fct_message_freeze(message, &facts, &mail, error);
    if (!err)
        err = fct_bounds_check(&plan->bounds, message, mail, error);
    if (!err)
        err = fct_policy_check(&plan->policy, mail, error);
    if (!err)
        err = check_labels(plan, mail, error);
    if (err)
        fct_mail_unref(mail);
    else
        *out = mail;
    return err;
}

/* Apply the policy to its recipients.  The memory for its verdict is allocated here. */
static int address(const fct_plan *plan, fct_mail *mail, struct fct_prepared *made,
                   facteur_error **error)
{
    struct fct_policy_verdict verdict = {0};

    if (fct_policy_apply(&plan->policy, mail, &verdict))
        return fct_error_nomem(error);
    made->mail = verdict.mail;
    made->receipt = fct_receipt_new(verdict.mail ? verdict.mail : mail, plan->target_name,
                                    verdict.refused, verdict.refused_count, NOT_ALLOWED);
    fct_free(verdict.refused);
    if (!made->receipt)
        return fct_error_nomem(error);
    if (!made->mail)
        fct_receipt_fill_failed(made->receipt, FACTEUR_PERMANENT, FACTEUR_EPERMANENT,
                                NOBODY_ALLOWED);
    return 0;
}

/* After the policy, so that the mail is encrypted for the recipients that get it. */
static int seal(const fct_plan *plan, facteur_message *message, unsigned how,
                struct fct_prepared *made, facteur_error **error)
{
    facteur_error *cause = NULL;
    int err = made->mail ? fct_signer_seal(plan->signer, message, &made->mail, &cause) : 0;

    if (!err)
        return 0;
    err = fct_receipt_answer(made->receipt, how, err, cause, error);
    if (!err) {
        fct_mail_unref(made->mail);
        made->mail = NULL;
    }
    return err;
}

int fct_prepare(const fct_plan *plan, facteur_message *message, unsigned how,
                struct fct_prepared *out, facteur_error **error)
{
    struct fct_prepared made = {0};
    fct_mail *mail = NULL;
    int err = freeze(plan, message, &mail, error);

    if (!err)
        err = address(plan, mail, &made, error);
    if (!err)
        err = seal(plan, message, how, &made, error);
    fct_mail_unref(mail);
    if (!err) {
        *out = made;
        return 0;
    }
    fct_mail_unref(made.mail);
    facteur_receipt_free(made.receipt);
    return err;
}
