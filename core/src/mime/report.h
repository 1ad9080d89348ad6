/* SPDX-License-Identifier: MIT */
/*
 * Reads what comes back for a mail: delivery reports (RFC 3464), complaints (RFC 5965), and the
 * plain texts of qmail and of old Exims.  What it reads is a stranger's: nothing in it is trusted.
 */
#ifndef FCT_REPORT_H
#define FCT_REPORT_H

#include "base/bytes.h"
#include "facteur.h"

#define FCT_REPORT_RECIPIENTS_MAX 100u /* more than these are left out */
#define FCT_REPORT_DIAGNOSTIC_MAX 500u

enum fct_report_kind { FCT_REPORT_NONE, FCT_REPORT_DELIVERY, FCT_REPORT_COMPLAINT };

struct fct_report_recipient {
    char *address;    /* as the sender wrote it, where the report has that; "" when it has none */
    char *final;      /* where it was to go at last, or "" */
    char action[16];  /* "failed", "delayed", "delivered", "relayed", "expanded"; "" for none */
    char status[12];  /* "5.1.1", or "" */
    char *diagnostic; /* in the words of whoever refused it, one line, printable; or "" */
};

struct fct_report {
    enum fct_report_kind kind;
    char *envid;      /* decoded; "" for none */
    char *message_id; /* of the mail that came back, without brackets; "" for none */
    char *feedback;   /* "abuse" and so on, in lower case; "" for none */
    struct fct_report_recipient *recipients;
    size_t recipient_count;
};

/*
 * Read a message with its header, with any line ends.  Linear in its size.
 *
 * Returns 0; `kind` is FCT_REPORT_NONE when it is no report.  FACTEUR_ENOMEM: `report` is empty.
 */
int fct_report_read(struct fct_report *report, fct_slice message);
void fct_report_done(struct fct_report *report);

#endif
