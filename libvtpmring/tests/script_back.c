/* SPDX-License-Identifier: MIT */
/* The statements of a script on a backend. */
#include "script.h"

static const char *const actions[VTPMRING_BACK_ACTION_COUNT] = {
    [VTPMRING_BACK_WAIT] = "WAIT",
    [VTPMRING_BACK_ADVERTISE] = "ADVERTISE",
    [VTPMRING_BACK_READ_PEER] = "READ_PEER",
    [VTPMRING_BACK_MAP] = "MAP",
    [VTPMRING_BACK_SET_STATE] = "SET_STATE",
    [VTPMRING_BACK_MAP_EXTRA] = "MAP_EXTRA",
    [VTPMRING_BACK_EXECUTE] = "EXECUTE",
    [VTPMRING_BACK_ABORT] = "ABORT",
    [VTPMRING_BACK_NOTIFY] = "NOTIFY",
    [VTPMRING_BACK_UNMAP] = "UNMAP",
    [VTPMRING_BACK_END] = "END",
};

static const char *const errors[VTPMRING_TPM_ERROR_COUNT] = {
    [VTPMRING_TPM_ERROR_SIZE] = "SIZE",
    [VTPMRING_TPM_ERROR_CANCELED] = "CANCELED",
    [VTPMRING_TPM_ERROR_FAILURE] = "FAILURE",
    [VTPMRING_TPM_ERROR_NO_SPACE] = "NO_SPACE",
    [VTPMRING_TPM_ERROR_RETRY] = "RETRY",
};

unsigned script_back_action(const char *name)
{
    unsigned i = 0;

    while (i < VTPMRING_BACK_ACTION_COUNT && strcmp(actions[i], name) != 0)
        i++;
    return i;
}

void script_back_begin(struct script *s, const struct script_words *words)
{
    const char *family = script_value(words, "family");
    uint32_t extra = script_number(s, words, "max_extra", 0);
    struct vtpmring_back_config config = {.family = VTPMRING_TPM_20};

    script_forget(s);
    s->is_back = true;
    s->made = true;
    script_check(s, extra < 256, "max_extra is at most 255");
    s->pages = support_pages(extra);
    if (family != NULL && strcmp(family, "1.2") == 0)
        config.family = VTPMRING_TPM_12;
    config.max_extra = extra;
    config.refs = extra > 0 ? s->refs : NULL;
    config.buffer_size = script_number(
        s, words, "buffer", (uint32_t)vtpmring_page_capacity((uint8_t)extra));
    s->buffer = malloc(config.buffer_size);
    script_check(s, s->buffer != NULL, "no memory");
    config.buffer = s->buffer;
    memset(s->refs, 0, sizeof(s->refs));
    s->last = vtpmring_back_init(
        &s->back, &config,
        (enum vtpmring_xenbus_state)script_number(s, words, "own", 1),
        (enum vtpmring_xenbus_state)script_number(s, words, "peer", 1));
}

static const char *node(const char *text)
{
    return text == NULL || strcmp(text, "-") == 0 ? NULL : text;
}

static size_t size_of(const char *text)
{
    return text == NULL ? 0 : strlen(text);
}

static void nodes(struct script *s, const char *ring, const char *port,
                  const char *v2)
{
    ring = node(ring);
    port = node(port);
    v2 = node(v2);
    s->last = vtpmring_back_set_peer(&s->back, ring, size_of(ring), port,
                                     size_of(port), v2, size_of(v2));
}

void script_back_perform(struct script *s)
{
    if (s->action == VTPMRING_BACK_READ_PEER)
        nodes(s, "8", "5", "1");
    if (s->action == VTPMRING_BACK_MAP)
        s->last = vtpmring_back_set_page(&s->back, s->pages.first);
    if (s->action == VTPMRING_BACK_MAP_EXTRA)
        s->last = vtpmring_back_set_extra(&s->back, s->pages.extra);
}

static void check(struct script *s, const struct script_words *words,
                  const char *key, uint32_t is)
{
    uint32_t want = script_number(s, words, key, is);

    script_check(s, want == is, "%s is %u, not %u", key, is, want);
}

static void check_refs(struct script *s, const char *text)
{
    char copy[SCRIPT_LINE], *rest = NULL;
    unsigned i = 0;

    snprintf(copy, sizeof(copy), "%s", text);
    for (char *ref = strtok_r(copy, ",", &rest); ref != NULL;
         ref = strtok_r(NULL, ",", &rest), i++)
        script_check(s, i < 256 && s->refs[i] == script_parse(s, ref),
                     "reference %u is not %s", i, ref);
    script_check(s, i == s->back.nr_refs, "%u references are asked for",
                 s->back.nr_refs);
}

void script_back_expect(struct script *s, const struct script_words *words)
{
    static unsigned char want[SCRIPT_DATA];
    const char *refs = script_value(words, "refs");

    check(s, words, "ring", s->back.ring_ref);
    check(s, words, "port", s->back.event_channel);
    check(s, words, "length", (uint32_t)s->back.length);
    check(s, words, "locality", s->back.head.locality);
    check(s, words, "nr_extra", s->back.head.nr_extra);
    if (refs != NULL)
        check_refs(s, refs);
    if (script_value(words, "data") != NULL) {
        size_t length = script_data(s, words, want);

        script_check(
            s, length == s->back.length && memcmp(want, s->buffer, length) == 0,
            "the command is another one");
    }
}

static void reply_error(struct script *s, const char *name)
{
    unsigned i = 0;

    while (i < VTPMRING_TPM_ERROR_COUNT && strcmp(errors[i], name) != 0)
        i++;
    script_check(s, i < VTPMRING_TPM_ERROR_COUNT, "'%s' is no error", name);
    s->last = vtpmring_back_reply_error(&s->back, (enum vtpmring_tpm_error)i);
}

bool script_back(struct script *s, const struct script_words *words)
{
    static unsigned char data[SCRIPT_DATA];
    const char *verb = words->word[0];

    if (strcmp(verb, "reply") == 0) {
        size_t length = script_data(s, words, data);

        s->last = vtpmring_back_reply(&s->back, data, length);
    } else if (strcmp(verb, "reply_error") == 0 && words->count == 2) {
        reply_error(s, words->word[1]);
    } else if (strcmp(verb, "nodes") == 0) {
        nodes(s, script_value(words, "ring"), script_value(words, "port"),
              script_value(words, "v2"));
    } else if (strcmp(verb, "map") == 0) {
        s->last = vtpmring_back_set_page(&s->back, s->pages.first);
    } else if (strcmp(verb, "map_extra") == 0) {
        s->last = vtpmring_back_set_extra(&s->back, s->pages.extra);
    } else if (strcmp(verb, "work") == 0) {
        script_check(s,
                     vtpmring_back_has_work(&s->back) == script_yes(s, words),
                     "has_work() is wrong");
    } else {
        return false;
    }
    return true;
}
