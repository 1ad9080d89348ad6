/* SPDX-License-Identifier: MIT */
#include "pool/mail_limit.h"

#define KNOWN_US 3600000000U /* then it is looked whether it still holds */

void fct_mail_limit_lost(struct fct_mail_limit *limit, unsigned answered, unsigned mails,
                         bool doubt, uint64_t now_us)
{
    if (answered == 0)
        return;
    if (fct_mail_limit_near(limit, answered))
        *limit = (struct fct_mail_limit){answered, answered, now_us + KNOWN_US};
    else if (doubt)
        *limit = (struct fct_mail_limit){answered, mails, 0};
}

void fct_mail_limit_outlived(struct fct_mail_limit *limit, unsigned answered)
{
    if (answered > limit->to)
        *limit = (struct fct_mail_limit){0};
}

bool fct_mail_limit_reached(const struct fct_mail_limit *limit, unsigned mails, uint64_t now_us)
{
    return limit->to && now_us < limit->known_until_us && mails >= limit->to;
}

bool fct_mail_limit_near(const struct fct_mail_limit *limit, unsigned mails)
{
    return limit->to && mails >= limit->from && mails <= limit->to;
}
