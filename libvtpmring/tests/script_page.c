/* SPDX-License-Identifier: MIT */
/* The page of a script: written as the peer would, and looked at. */
#include "script.h"

static const char *const states[] = {"IDLE", "SUBMIT", "FINISH", "CANCEL"};

static unsigned parse_state(struct script *s, const char *text)
{
    for (unsigned i = 0; i < 4; i++)
        if (strcmp(states[i], text) == 0)
            return i;
    return script_parse(s, text);
}

/* The references in refs=A,B; returns how many. */
static unsigned parse_refs(struct script *s, const char *text, uint32_t *refs)
{
    unsigned count = 0;
    char copy[SCRIPT_LINE], *rest = NULL;

    snprintf(copy, sizeof(copy), "%s", text);
    for (char *ref = strtok_r(copy, ",", &rest); ref != NULL;
         ref = strtok_r(NULL, ",", &rest)) {
        script_check(s, count < 255, "too many references");
        refs[count++] = script_parse(s, ref);
    }
    return count;
}

static void write_page(struct script *s, const struct script_words *words)
{
    static unsigned char data[SCRIPT_DATA];
    unsigned char *p = s->pages.first;
    const char *state = script_value(words, "state");
    const char *refs = script_value(words, "refs");
    uint32_t list[255];

    support_put(p, script_number(s, words, "length", support_get(p)));
    p[5] = (unsigned char)script_number(s, words, "locality", p[5]);
    p[7] = (unsigned char)script_number(s, words, "nr_extra", p[7]);
    if (refs != NULL) {
        unsigned count = parse_refs(s, refs, list);

        for (unsigned i = 0; i < count; i++)
            support_put(p + HEAD + 4 * i, list[i]);
    }
    if (script_value(words, "data") != NULL)
        support_body(&s->pages, p[7], data, script_data(s, words, data));
    if (state != NULL)
        p[4] = (unsigned char)parse_state(s, state);
}

static void check_field(struct script *s, const struct script_words *words,
                        const char *key, uint32_t is)
{
    uint32_t want = script_number(s, words, key, is);

    script_check(s, want == is, "the page has %s %u, not %u", key, is, want);
}

static void check_page(struct script *s, const struct script_words *words)
{
    static unsigned char want[SCRIPT_DATA], is[SCRIPT_DATA];
    const unsigned char *p = s->pages.first;
    const char *state = script_value(words, "state");
    const char *refs = script_value(words, "refs");
    uint32_t list[255];

    if (state != NULL)
        script_check(s, parse_state(s, state) == p[4],
                     "the page is in state %u, not %s", p[4], state);
    check_field(s, words, "length", support_get(p));
    check_field(s, words, "locality", p[5]);
    check_field(s, words, "nr_extra", p[7]);
    if (refs != NULL) {
        unsigned count = parse_refs(s, refs, list);

        for (unsigned i = 0; i < count; i++)
            script_check(s, support_get(p + HEAD + 4 * i) == list[i],
                         "reference %u on the page is %u", i,
                         support_get(p + HEAD + 4 * i));
    }
    if (script_value(words, "data") != NULL) {
        size_t length = script_data(s, words, want);

        support_read(&s->pages, p[7], is, length);
        for (size_t i = 0; i < length; i++)
            script_check(s, want[i] == is[i],
                         "byte %zu of the packet is %02x, not %02x", i, is[i],
                         want[i]);
    }
}

bool script_page(struct script *s, const struct script_words *words)
{
    const char *verb = words->word[0];

    if (strcmp(verb, "page") == 0) {
        write_page(s, words);
    } else if (strcmp(verb, "page_is") == 0) {
        check_page(s, words);
    } else if (strcmp(verb, "wipe") == 0) {
        memset(s->pages.first, 0, PAGE);
        if (s->pages.extra != NULL)
            memset(s->pages.extra, 0, s->pages.extra_count * PAGE);
    } else {
        return false;
    }
    return true;
}
