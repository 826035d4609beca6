/* SPDX-License-Identifier: MIT */
/* The statements of a script on a frontend. */
#include "script.h"

static const char *const actions[VTPMRING_FRONT_ACTION_COUNT] = {
    [VTPMRING_FRONT_WAIT] = "WAIT",
    [VTPMRING_FRONT_SHARE] = "SHARE",
    [VTPMRING_FRONT_PUBLISH] = "PUBLISH",
    [VTPMRING_FRONT_CHECK_PEER] = "CHECK_PEER",
    [VTPMRING_FRONT_SET_STATE] = "SET_STATE",
    [VTPMRING_FRONT_NOTIFY] = "NOTIFY",
    [VTPMRING_FRONT_DELIVER] = "DELIVER",
    [VTPMRING_FRONT_UNPUBLISH] = "UNPUBLISH",
    [VTPMRING_FRONT_UNSHARE] = "UNSHARE",
    [VTPMRING_FRONT_END] = "END",
};

unsigned script_front_action(const char *name)
{
    unsigned i = 0;

    while (i < VTPMRING_FRONT_ACTION_COUNT && strcmp(actions[i], name) != 0)
        i++;
    return i;
}

void script_front_begin(struct script *s, const struct script_words *words)
{
    const char *announced = script_value(words, "announced");
    uint32_t extra = script_number(s, words, "extra", 0);
    uint32_t own = script_number(s, words, "own", 1);

    script_forget(s);
    s->is_back = false;
    s->made = true;
    s->pages = support_pages(extra < 256 ? extra : 0);
    snprintf(s->announced, sizeof(s->announced), "%s",
             announced == NULL ? "-" : announced);
    for (unsigned i = 0; i < 256; i++)
        s->refs[i] = 1000 + i;
    s->last =
        vtpmring_front_init(&s->front, extra, (enum vtpmring_xenbus_state)own);
}

/* A value of a node; "-" is no node. */
static const char *node(const char *text)
{
    return text == NULL || strcmp(text, "-") == 0 ? NULL : text;
}

static size_t size_of(const char *text)
{
    return text == NULL ? 0 : strlen(text);
}

static void features(struct script *s, const char *v2, const char *extra)
{
    v2 = node(v2);
    extra = node(extra);
    s->last = vtpmring_front_set_features(&s->front, v2, size_of(v2), extra,
                                          size_of(extra));
}

void script_front_perform(struct script *s)
{
    if (s->action == VTPMRING_FRONT_SHARE)
        s->last = vtpmring_front_set_page(&s->front, &s->pages, s->refs);
    if (s->action == VTPMRING_FRONT_CHECK_PEER)
        features(s, "1", s->announced);
}

static void submit(struct script *s, const struct script_words *words)
{
    static unsigned char data[SCRIPT_DATA];
    size_t length = script_data(s, words, data);

    s->last =
        vtpmring_front_submit(&s->front, data, length,
                              (uint8_t)script_number(s, words, "locality", 0));
}

static void take(struct script *s, const struct script_words *words)
{
    size_t size = script_number(s, words, "size", SCRIPT_DATA);

    s->length = 0;
    s->last = vtpmring_front_take(&s->front, s->data, size, &s->length);
}

static void response(struct script *s, const struct script_words *words)
{
    static unsigned char want[SCRIPT_DATA];
    size_t length = script_data(s, words, want);

    script_check(s, length == s->length, "the response has %zu bytes, not %zu",
                 s->length, length);
    script_check(s, memcmp(want, s->data, length) == 0,
                 "the response has other bytes");
}

bool script_front(struct script *s, const struct script_words *words)
{
    const char *verb = words->word[0];

    if (strcmp(verb, "submit") == 0)
        submit(s, words);
    else if (strcmp(verb, "take") == 0)
        take(s, words);
    else if (strcmp(verb, "response") == 0)
        response(s, words);
    else if (strcmp(verb, "cancel") == 0)
        s->last = vtpmring_front_cancel(&s->front);
    else if (strcmp(verb, "reopen") == 0)
        s->last = vtpmring_front_reopen(&s->front);
    else if (strcmp(verb, "pages") == 0)
        s->last = vtpmring_front_set_page(&s->front, &s->pages, s->refs);
    else if (strcmp(verb, "features") == 0)
        features(s, script_value(words, "v2"), script_value(words, "extra"));
    else if (strcmp(verb, "fail") == 0 && words->count == 2)
        vtpmring_front_fail(&s->front, script_status(s, words->word[1]));
    else if (strcmp(verb, "ready") == 0)
        script_check(s,
                     vtpmring_front_is_ready(&s->front) == script_yes(s, words),
                     "is_ready() is wrong");
    else if (strcmp(verb, "capacity") == 0 && words->count == 2)
        script_check(s,
                     vtpmring_front_capacity(&s->front) ==
                         script_parse(s, words->word[1]),
                     "the capacity is %zu", vtpmring_front_capacity(&s->front));
    else
        return false;
    return true;
}
