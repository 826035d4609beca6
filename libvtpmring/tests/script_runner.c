/* SPDX-License-Identifier: MIT */
/* Replays event logs: script.h has the language.
 * script_runner [--must-fail] FILE...; with --must-fail every story must fail,
 * which tests the runner itself. */
#include "script.h"

void script_forget(struct script *s)
{
    support_free(&s->pages);
    free(s->buffer);
    s->buffer = NULL;
    s->made = false;
}

static unsigned next_action(const struct script *s)
{
    return s->is_back ? (unsigned)vtpmring_back_next(&s->back)
                      : (unsigned)vtpmring_front_next(&s->front);
}

static unsigned parse_action(struct script *s, const struct script_words *words)
{
    unsigned action;

    script_check(s, words->count >= 2, "which action?");
    action = s->is_back ? script_back_action(words->word[1])
                        : script_front_action(words->word[1]);
    script_check(s,
                 action < (s->is_back ? (unsigned)VTPMRING_BACK_ACTION_COUNT
                                      : (unsigned)VTPMRING_FRONT_ACTION_COUNT),
                 "'%s' is no action", words->word[1]);
    return action;
}

static void expect(struct script *s, const struct script_words *words)
{
    unsigned want = parse_action(s, words), is = next_action(s);
    unsigned state = s->is_back ? (unsigned)vtpmring_back_state(&s->back)
                                : (unsigned)vtpmring_front_state(&s->front);

    script_check(s, is == next_action(s), "next() is not pure");
    script_check(s, is == want, "next() is action %u, not %s", is,
                 words->word[1]);
    s->action = want;
    if (words->count > 2 && strchr(words->word[2], '=') == NULL)
        script_check(s, state == script_parse(s, words->word[2]),
                     "it writes state %u", state);
    if (s->is_back)
        script_back_expect(s, words);
}

static void done(struct script *s, unsigned action, enum vtpmring_status status)
{
    if (s->is_back)
        s->last = vtpmring_back_done(&s->back,
                                     (enum vtpmring_back_action)action, status);
    else
        s->last = vtpmring_front_done(
            &s->front, (enum vtpmring_front_action)action, status);
}

static void perform(struct script *s, const struct script_words *words)
{
    expect(s, words);
    s->last = VTPMRING_OK;
    if (s->is_back)
        script_back_perform(s);
    else
        script_front_perform(s);
    script_check(s, s->last == VTPMRING_OK, "%s was answered with %s",
                 words->word[1], vtpmring_status_name(s->last));
    done(s, s->action, VTPMRING_OK);
    script_check(s, s->last == VTPMRING_OK, "done() returned %s",
                 vtpmring_status_name(s->last));
}

static void happen(struct script *s, const struct script_words *words)
{
    const char *verb = words->word[0];

    if (strcmp(verb, "peer") == 0) {
        enum vtpmring_xenbus_state state =
            (enum vtpmring_xenbus_state)script_parse(s, words->word[1]);

        if (s->is_back)
            vtpmring_back_on_peer_state(&s->back, state);
        else
            vtpmring_front_on_peer_state(&s->front, state);
    } else if (strcmp(verb, "event") == 0) {
        if (s->is_back)
            vtpmring_back_on_event(&s->back);
        else
            vtpmring_front_on_event(&s->front);
    } else if (s->is_back) {
        vtpmring_back_close(&s->back);
    } else {
        vtpmring_front_close(&s->front);
    }
}

static void look(struct script *s, const struct script_words *words)
{
    const char *verb = words->word[0], *want = words->word[1];
    const char *phase = s->is_back ? vtpmring_back_table[s->back.phase].name
                                   : vtpmring_front_table[s->front.phase].name;
    enum vtpmring_status is = strcmp(verb, "is") == 0 ? s->last
                              : s->is_back            ? s->back.fault
                                                      : s->front.fault;

    if (strcmp(verb, "phase") == 0)
        script_check(s, strcmp(phase, want) == 0, "the phase is %s", phase);
    else
        script_check(s, is == script_status(s, want), "the status is %s",
                     vtpmring_status_name(is));
}

static bool one_of(const char *word, const char *const *list)
{
    while (*list != NULL && strcmp(*list, word) != 0)
        list++;
    return *list != NULL;
}

static void statement(struct script *s, const struct script_words *words)
{
    static const char *const events[] = {"peer", "event", "close", NULL};
    static const char *const looks[] = {"is", "phase", "fault", NULL};
    const char *verb = words->word[0];

    s->statements++;
    if (strcmp(verb, "front") == 0) {
        script_front_begin(s, words);
        return;
    }
    if (strcmp(verb, "back") == 0) {
        script_back_begin(s, words);
        return;
    }
    script_check(s, s->made, "there is no machine yet");
    if (strcmp(verb, "expect") == 0) {
        expect(s, words);
    } else if (strcmp(verb, "do") == 0) {
        perform(s, words);
    } else if (strcmp(verb, "done") == 0) {
        done(s, s->action,
             words->count > 1 ? script_status(s, words->word[1]) : VTPMRING_OK);
    } else if (strcmp(verb, "late") == 0) {
        done(s, parse_action(s, words), VTPMRING_OK);
        script_check(s, s->last == VTPMRING_ESTATE, "it was not refused");
    } else if (one_of(verb, events)) {
        script_check(s, words->count == (verb[0] == 'p' ? 2u : 1u),
                     "'%s' has other words", verb);
        happen(s, words);
    } else if (one_of(verb, looks)) {
        script_check(s, words->count == 2, "'%s' wants one word", verb);
        look(s, words);
    } else if (!script_page(s, words) &&
               !(s->is_back ? script_back(s, words) : script_front(s, words))) {
        script_fail(s, "'%s' is not understood", verb);
    }
}

/* Copies a line with the variables replaced. */
static void substitute(struct script *s, char *to)
{
    const char *from = s->lines[s->line];
    size_t used = 0;

    while (*from != '\0' && used < SCRIPT_LINE - 64) {
        unsigned i = 0;

        while (*from == '$' && i < s->variable_count &&
               strncmp(from + 1, s->variables[i].name,
                       strlen(s->variables[i].name)) != 0)
            i++;
        if (*from == '$') {
            script_check(s, i < s->variable_count, "no such variable: %s",
                         from);
            from += 1 + strlen(s->variables[i].name);
            used +=
                (size_t)snprintf(to + used, 64, "%s", s->variables[i].value);
        } else {
            to[used++] = *from++;
        }
    }
    to[used] = '\0';
}

static void split(struct script *s, char *text, struct script_words *words)
{
    char *rest = NULL;

    words->count = 0;
    for (char *word = strtok_r(text, " \t\n", &rest); word != NULL;
         word = strtok_r(NULL, " \t\n", &rest)) {
        script_check(s, words->count < SCRIPT_WORDS, "too many words");
        words->word[words->count++] = word;
    }
}

/* The line after the `end` that belongs to the block at s->line. */
static unsigned block_end(struct script *s)
{
    unsigned depth = 0;

    for (unsigned i = s->line; i < s->line_count; i++) {
        char word[8] = "";

        (void)sscanf(s->lines[i], " %7s", word);
        if (strcmp(word, "for") == 0 || strcmp(word, "define") == 0)
            depth++;
        if (strcmp(word, "end") == 0 && --depth == 0)
            return i + 1;
    }
    script_fail(s, "a block has no end");
}

static void run(struct script *s, unsigned from, unsigned to);

static void run_for(struct script *s, const struct script_words *words)
{
    unsigned from = s->line + 1, to = block_end(s) - 1;
    unsigned v = s->variable_count;

    script_check(s,
                 words->count > 3 && strcmp(words->word[2], "in") == 0 &&
                     v < SCRIPT_VARIABLES,
                 "for X in A B C");
    s->variable_count++;
    snprintf(s->variables[v].name, sizeof(s->variables[v].name), "%s",
             words->word[1]);
    for (unsigned i = 3; i < words->count; i++) {
        snprintf(s->variables[v].value, sizeof(s->variables[v].value), "%s",
                 words->word[i]);
        run(s, from, to);
    }
    s->variable_count--;
    s->line = to;
}

static void run_use(struct script *s, const struct script_words *words)
{
    unsigned here = s->line;

    script_check(s, words->count == 2, "use what?");
    for (unsigned i = 0; i < s->line_count; i++) {
        char name[64] = "";

        if (sscanf(s->lines[i], " define %63s", name) == 1 &&
            strcmp(name, words->word[1]) == 0) {
            s->line = i;
            run(s, i + 1, block_end(s) - 1);
            s->line = here;
            return;
        }
    }
    script_fail(s, "'%s' is not defined", words->word[1]);
}

static void run(struct script *s, unsigned from, unsigned to)
{
    for (s->line = from; s->line < to; s->line++) {
        char text[SCRIPT_LINE], *rest = NULL;

        substitute(s, text);
        text[strcspn(text, "#")] = '\0';
        for (char *part = strtok_r(text, ";", &rest); part != NULL;
             part = strtok_r(NULL, ";", &rest)) {
            struct script_words words;

            split(s, part, &words);
            if (words.count == 0)
                continue;
            if (strcmp(words.word[0], "for") == 0) {
                run_for(s, &words);
                break;
            }
            if (strcmp(words.word[0], "use") == 0)
                run_use(s, &words);
            else
                statement(s, &words);
        }
    }
}

static bool load(struct script *s)
{
    FILE *file = fopen(s->file, "r");

    if (file == NULL) {
        fprintf(stderr, "script_runner: %s: cannot be read\n", s->file);
        return false;
    }
    s->lines = calloc(SCRIPT_LINES, SCRIPT_LINE);
    while (s->lines != NULL && s->line_count < SCRIPT_LINES &&
           fgets(s->lines[s->line_count], SCRIPT_LINE, file) != NULL)
        s->line_count++;
    fclose(file);
    return s->lines != NULL && s->line_count < SCRIPT_LINES;
}

/* Runs the story that begins at a line; true if it went well. */
static bool run_case(struct script *s, unsigned first)
{
    unsigned last = first + 1;
    char word[8] = "";

    while (last < s->line_count &&
           (sscanf(s->lines[last], "%7s", word) != 1 ||
            (strcmp(word, "case") != 0 && strcmp(word, "define") != 0)))
        last++;
    s->variable_count = 0;
    s->line = first;
    if (setjmp(s->failed) != 0) {
        fprintf(stderr, "FAILED: %s", s->lines[first]);
        script_forget(s);
        return false;
    }
    run(s, first + 1, last);
    script_forget(s);
    return true;
}

int main(int argc, char **argv)
{
    bool must_fail = argc > 1 && strcmp(argv[1], "--must-fail") == 0;
    unsigned long cases = 0, good = 0, statements = 0;
    static struct script s;

    for (int i = must_fail ? 2 : 1; i < argc; i++) {
        memset(&s, 0, sizeof(s));
        s.file = argv[i];
        if (!load(&s))
            return 2;
        for (unsigned line = 0; line < s.line_count; line++) {
            if (strncmp(s.lines[line], "case ", 5) != 0)
                continue;
            cases++;
            good += run_case(&s, line);
        }
        statements += s.statements;
        free(s.lines);
    }
    printf("%lu stories, %lu good, %lu statements\n", cases, good, statements);
    if (cases == 0)
        return 2;
    return good == (must_fail ? 0 : cases) ? 0 : 1;
}
