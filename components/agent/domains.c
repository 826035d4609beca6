/* SPDX-License-Identifier: MIT */
#include "domains.h"
#include "uuid.h"

#include <stdlib.h>
#include <string.h>

/* Xen's SHUTDOWN_* of public/sched.h, as xl prints them. */
enum { REASON_SUSPEND = 2, REASON_SOFT_RESET = 5 };

/* A piece of a line. */
struct piece {
    const char *at;
    size_t length;
};

bool agent_number(const char *text, size_t length, uint32_t most,
                  uint32_t *number)
{
    uint64_t value = 0;

    if (length == 0 || length > 10)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(text[i] - '0');
    }
    *number = (uint32_t)value;
    return value <= most;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* The last word of a line, which is taken off it; length 0: there is none. */
static struct piece take_last(struct piece *line)
{
    struct piece word;

    while (line->length > 0 && is_blank(line->at[line->length - 1]))
        line->length--;
    word.length = 0;
    while (line->length > 0 && !is_blank(line->at[line->length - 1])) {
        line->length--;
        word.length++;
    }
    word.at = line->at + line->length;
    return word;
}

static bool is_uuid(struct piece word)
{
    char text[37];
    uint8_t uuid[VTPM_UUID_SIZE];

    if (word.length != sizeof(text) - 1)
        return false;
    memcpy(text, word.at, word.length);
    text[word.length] = '\0';
    return vtpm_uuid_parse(text, uuid);
}

static bool parse_reason(struct piece word, bool shut_down, uint32_t *reason)
{
    *reason = 0;
    if (!shut_down)
        return word.length == 1 && word.at[0] == '-';
    if (word.length == 0 || word.length > 8)
        return false;
    for (size_t i = 0; i < word.length; i++) {
        const char *const digits = "0123456789abcdef";
        const char *digit = memchr(digits, word.at[i], 16);

        if (digit == NULL)
            return false;
        *reason = *reason << 4 | (uint32_t)(digit - digits);
    }
    return true;
}

/* "12.3"; whether it is more than nothing. */
static bool parse_time(struct piece word, bool *used)
{
    uint32_t ignored;

    if (word.length < 3 || word.at[word.length - 2] != '.' ||
        !agent_number(word.at + word.length - 1, 1, 9, &ignored))
        return false;
    for (size_t i = 0; i < word.length - 2; i++)
        if (word.at[i] < '0' || word.at[i] > '9')
            return false;
    *used = false;
    for (size_t i = 0; i < word.length; i++)
        if (word.at[i] != '0' && word.at[i] != '.')
            *used = true;
    return true;
}

/* Six places: running, blocked, paused, shut down, a letter for the reason,
 * dying. */
static bool is_state(struct piece word)
{
    static const char letters[] = "rbps?d";

    if (word.length != 6)
        return false;
    for (size_t i = 0; i < 6; i++)
        if (i != 4 && word.at[i] != '-' && word.at[i] != letters[i])
            return false;
    return true;
}

static enum agent_condition condition(const char *state, uint32_t reason,
                                      bool used)
{
    if (state[5] == 'd')
        return AGENT_GONE;
    if (state[3] == 's' && reason == REASON_SUSPEND)
        return AGENT_SUSPENDED;
    /* a soft reset: the same guest goes on, with another kernel */
    if (state[3] == 's' && reason != REASON_SOFT_RESET)
        return AGENT_OVER;
    if (state[2] == 'p' && state[3] != 's' && !used)
        return AGENT_UNRUN;
    return AGENT_RUN;
}

static bool is_incoming(struct piece name)
{
    static const char suffix[] = "--incoming";
    const size_t length = sizeof(suffix) - 1;

    while (name.length > 0 && is_blank(name.at[name.length - 1]))
        name.length--;
    return name.length >= length &&
           memcmp(name.at + name.length - length, suffix, length) == 0;
}

/*
 * NAME  ID MEM VCPUS STATE TIME UUID REASON LABEL. Names and labels are free
 * text, so the columns are found from the UUID on: the last one in the line
 * that words come after.
 */
static bool parse_line(struct piece line, struct agent_domain *domain)
{
    struct piece reason = {line.at, 0}, word = take_last(&line), state, time;
    uint32_t code, ignored;
    bool used;

    while (word.length > 0 && (reason.length == 0 || !is_uuid(word))) {
        reason = word;
        word = take_last(&line);
    }
    if (word.length == 0)
        return false;
    time = take_last(&line);
    state = take_last(&line);
    if (!parse_time(time, &used) || !is_state(state) ||
        !parse_reason(reason, state.at[3] == 's', &code))
        return false;
    for (int column = 0; column < 2; column++) {
        word = take_last(&line);
        if (!agent_number(word.at, word.length, UINT32_MAX, &ignored))
            return false;
    }
    word = take_last(&line);
    if (!agent_number(word.at, word.length, AGENT_DOMID_END - 1,
                      &domain->domid))
        return false;
    domain->condition = condition(state.at, code, used);
    domain->incoming = is_incoming(line);
    return true;
}

static bool is_header(struct piece line)
{
    const struct piece name = {"Name", 4};

    return line.length > name.length &&
           memcmp(line.at, name.at, name.length) == 0;
}

static enum vtpm_status add(struct agent_domains *domains,
                            const struct agent_domain *domain,
                            struct vtpm_error *err)
{
    struct agent_domain *more = domains->all;

    /* a power of two: full */
    if ((domains->count & (domains->count - 1)) == 0)
        more = realloc(domains->all,
                       2 * (domains->count + 1) * sizeof(*domains->all));
    if (more == NULL)
        return vtpm_fail(err, VTPM_ENOMEM,
                         "cannot read what xl list says: out of memory; end "
                         "other programs");
    domains->all = more;
    domains->all[domains->count++] = *domain;
    return VTPM_OK;
}

enum vtpm_status agent_domains_parse(struct agent_domains *domains,
                                     const char *text, struct vtpm_error *err)
{
    enum vtpm_status status = VTPM_OK;
    bool header = false;

    *domains = (struct agent_domains){NULL, 0};
    while (*text != '\0' && status == VTPM_OK) {
        struct piece line = {text, strcspn(text, "\n")};
        struct agent_domain domain;

        text += line.length + (text[line.length] == '\n');
        if (!header) {
            header = is_header(line);
            if (header)
                continue;
        }
        if (!header || !parse_line(line, &domain))
            return vtpm_fail(err, VTPM_EINVAL,
                             "cannot read what xl list -v says: %.*s; rename "
                             "such a domain, or report this xl",
                             line.length < 100 ? (int)line.length : 100,
                             line.at);
        status = add(domains, &domain, err);
    }
    if (status == VTPM_OK && domains->count == 0)
        return vtpm_fail(err, VTPM_EINVAL,
                         "cannot use what xl list -v says: it knows no "
                         "domain; run this in dom0");
    return status;
}

void agent_domains_free(struct agent_domains *domains)
{
    free(domains->all);
    *domains = (struct agent_domains){NULL, 0};
}

struct agent_domain agent_domains_find(const struct agent_domains *domains,
                                       uint32_t domid)
{
    for (size_t i = 0; i < domains->count; i++)
        if (domains->all[i].domid == domid)
            return domains->all[i];
    return (struct agent_domain){domid, AGENT_GONE, false};
}
