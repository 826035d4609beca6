# SPDX-License-Identifier: MIT
"""Faults that can be put into a C file: where, and what stands there instead.

A source is split into tokens; comments, strings and preprocessor lines are
left alone. What does not compile does no harm: nobody counts it.
"""
import re
from collections import namedtuple

Token = namedtuple("Token", "text kind start end")
# text[start:end] becomes new; name says it in short, function is where
Mutant = namedtuple("Mutant", "file function line start end new name")

_TOKEN = re.compile(
    r"""(?P<skip>\s+|/\*.*?\*/|//[^\n]*)
    |(?P<pre>(?:(?<=\n)|\A)[ \t]*\#(?:\\\n|[^\n])*)
    |(?P<string>"(?:\\.|[^"\\])*")
    |(?P<number>'(?:\\.|[^'\\])+'|\d[\w.]*)
    |(?P<word>[A-Za-z_]\w*)
    |(?P<op><<=|>>=|\.\.\.|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|.)
    """, re.S | re.X)

OPERATORS = {
    "<": ("<=", ">="), "<=": ("<", ">"), ">": (">=", "<="), ">=": (">", "<"),
    "==": ("!=",), "!=": ("==",), "&&": ("||",), "||": ("&&",),
    "+": ("-",), "-": ("+",), "*": ("/",), "/": ("*",), "%": ("*",),
    "&": ("|",), "|": ("&",), "^": ("&",), "<<": (">>",), ">>": ("<<",),
    "++": ("--",), "--": ("++",), "+=": ("-=",), "-=": ("+=",),
    "|=": ("&=",), "&=": ("|=",),
}
# one operand on the left tells these from their unary namesakes
BINARY = set("+-*/%&|^<>") | {"<<", ">>"}
KEYWORDS = set("return case sizeof else do goto if while for switch".split())
TYPES = set("""const static volatile struct enum union unsigned signed bool
    char short int long void size_t uint8_t uint16_t uint32_t uint64_t
    """.split())
LIMITS = {"UINT32_MAX", "INT32_MAX", "UINT8_MAX", "SIZE_MAX"}
OPEN, CLOSE = "([{", ")]}"


def tokens_of(text):
    """All tokens but comments and preprocessor lines."""
    found = []
    for m in _TOKEN.finditer(text):
        if m.lastgroup not in ("skip", "pre"):
            found.append(Token(m.group(), m.lastgroup, m.start(), m.end()))
    return found


class Names:
    """Constants that the headers define."""

    def __init__(self, texts):
        self.enums, self.macros = [], set(LIMITS)
        for text in texts:
            self._read_enums(tokens_of(text))
            self.macros.update(re.findall(
                r"^#define (\w+)\s+\(?[\d\w*+ -]*\d\w*\)?$", text, re.M))

    def _read_enums(self, tokens):
        at = 0
        while at < len(tokens):
            if tokens[at].text != "enum":
                at += 1
                continue
            while at < len(tokens) and tokens[at].text not in "{;)=,":
                at += 1
            if at == len(tokens) or tokens[at].text != "{":
                continue
            names, expect = [], True
            while tokens[at].text != "}":
                at += 1
                if expect and tokens[at].kind == "word":
                    names.append(tokens[at].text)
                expect = tokens[at].text == ","
            self.macros.update(n for n in names if n.endswith("_COUNT"))
            self.enums.append([n for n in names if not n.endswith("_COUNT")])

    def next_to(self, name):
        """The enumerator after this one, or None."""
        for enum in self.enums:
            if name in enum and len(enum) > 1:
                return enum[(enum.index(name) + 1) % len(enum)]
        return None


class Source:
    """One file and the mutants of it."""

    def __init__(self, name, text, names):
        self.name, self.text, self.names = name, text, names
        self.tokens = tokens_of(text)
        self.pair = self._pairs()
        # #define P(x) PREFIX_##x
        self.prefixes = dict(re.findall(
            r"^#define (\w+)\(\w+\) (\w+)##\w+$", text, re.M))
        self.macros = names.macros | set(
            re.findall(r"^#define (\w+) \d+$", text, re.M))
        self.function, self.found = "", []
        self._file()

    def _pairs(self):
        stack, pair = [], {}
        for i, t in enumerate(self.tokens):
            if t.text in OPEN and t.kind == "op":
                stack.append(i)
            elif t.text in CLOSE and t.kind == "op":
                pair[stack.pop()] = i
        return pair

    def _add(self, start, end, new, name):
        self.found.append(Mutant(
            self.name, self.function, self.text.count("\n", 0, start) + 1,
            start, end, new, name))

    def _span(self, first, last):
        return self.text[self.tokens[first].start:self.tokens[last].end]

    def _file(self):
        """Finds functions and initialisers."""
        head, i = [], 0
        while i < len(self.tokens):
            t = self.tokens[i].text
            if t == "{":
                words = [self.tokens[j].text for j in head]
                if "(" in words and "=" not in words:
                    self.function = words[words.index("(") - 1] + "()"
                    self.returns = words[:words.index("(") - 1]
                    self._statements(i + 1, self.pair[i])
                    self._expressions(i, self.pair[i])
                    head = []
                elif "=" in words:
                    end = words.index("[" if "[" in words else "=")
                    self.function = words[end - 1]
                    self._expressions(i, self.pair[i])
                    head = []
                else: # a type
                    head = []
                i = self.pair[i]
            elif t == ";":
                head = []
            else:
                head.append(i)
            i += 1

    # ---- statements ----

    def _statements(self, i, end):
        while i < end:
            t = self.tokens[i].text
            if t in ("if", "while", "switch", "for"):
                close = self.pair[i + 1]
                if t in ("if", "while"):
                    inner = self._span(i + 2, close - 1)
                    self._add(self.tokens[i + 1].start, self.tokens[close].end,
                              "(!(%s))" % inner, "negate the condition")
                i = close + 1
            elif t in ("case", "default"):
                while self.tokens[i].text != ":":
                    i += 1
                i += 1
            elif t in "{};" or t in ("else", "do"):
                i += 1
            else:
                stop = self._end_of(i)
                self._simple(i, stop)
                i = stop + 1

    def _end_of(self, i):
        while self.tokens[i].text != ";":
            i = self.pair.get(i, i) + 1
        return i

    def _simple(self, i, stop):
        first, second = self.tokens[i], self.tokens[i + 1]
        start, end = first.start, self.tokens[stop].end
        if first.text in ("break", "continue"):
            self._add(start, end, ";", "remove " + first.text)
        elif first.text == "return":
            self._return(i, stop)
        elif first.text in TYPES or (first.kind, second.kind) == ("word",) * 2:
            return
        else:
            self._add(start, end, ";", "remove the statement")

    def _return(self, i, stop):
        start, end = self.tokens[i].start, self.tokens[stop].end
        if stop == i + 1:
            self._add(start, end, ";", "remove return")
            return
        value = self._span(i + 1, stop - 1)
        if "*" in self.returns:
            new = "return 0;"
        elif "bool" in self.returns:
            new = "return !(%s);" % value
        elif "vtpmring_status" in self.returns:
            if stop == i + 2 and self.names.next_to(value):
                return # swapped below
            new = "return (void)(%s), VTPMRING_OK;" % value
        elif "enum" in self.returns:
            new = "return 0;"
        else:
            new = "return (%s) + 1;" % value
        self._add(start, end, new, "return something else")

    # ---- expressions ----

    def _expressions(self, begin, end):
        i = begin
        while i < end:
            t, before = self.tokens[i], self.tokens[i - 1]
            if t.text == "[" and before.text in "{,":
                i = self.pair[i] + 1 # [designator] =
                continue
            if t.text == "." and before.text in "{,":
                self._initialiser(i)
            elif t.kind == "number":
                self._number(t)
            elif t.kind == "word":
                i = self._word(i)
            elif t.text == "?":
                self._ternary(i)
            elif t.text == "!":
                self._add(t.start, t.end, "", "remove !")
            elif t.text in OPERATORS:
                self._operator(t, before)
            i += 1

    def _operator(self, t, before):
        if t.text in BINARY and not (
                before.kind in ("word", "number") or before.text in ")]"):
            return
        if before.text in KEYWORDS or before.text in TYPES:
            return
        for new in OPERATORS[t.text]:
            self._add(t.start, t.end, new, "%s => %s" % (t.text, new))

    def _number(self, t):
        self._add(t.start, t.end, "(%s + 1)" % t.text, t.text + " + 1")
        if not re.fullmatch(r"0[xX]?0*[uUlL]*", t.text):
            self._add(t.start, t.end, "(%s - 1)" % t.text, t.text + " - 1")

    def _word(self, i):
        t = self.tokens[i]
        if t.text in ("true", "false"):
            new = "false" if t.text == "true" else "true"
            self._add(t.start, t.end, new, "%s => %s" % (t.text, new))
        elif t.text in self.macros:
            for new in (t.text + " + 1", t.text + " - 1"):
                self._add(t.start, t.end, "(%s)" % new, new)
        elif t.text in self.prefixes and self.tokens[i + 1].text == "(":
            arg = self.tokens[i + 2]
            prefix = self.prefixes[t.text]
            new = self.names.next_to(prefix + arg.text)
            if new and new.startswith(prefix):
                new = new[len(prefix):]
                self._add(arg.start, arg.end, new, "%s(%s) => %s(%s)" % (
                    t.text, arg.text, t.text, new))
            return i + 3
        else:
            new = self.names.next_to(t.text)
            if new:
                self._add(t.start, t.end, new, "%s => %s" % (t.text, new))
        return i

    def _initialiser(self, i):
        """.name = value, goes."""
        j = i
        while self.tokens[j].text not in (",", "}"):
            j = self.pair.get(j, j) + 1
        if self.tokens[j].text == ",":
            j += 1
        self._add(self.tokens[i].start, self.tokens[j].start, "",
                  "remove the initialiser")

    def _ternary(self, i):
        colon, depth = i + 1, 0
        while depth or self.tokens[colon].text != ":":
            depth += {"?": 1, ":": -1}.get(self.tokens[colon].text, 0)
            colon = self.pair.get(colon, colon) + 1
        stop = colon + 1
        while self.tokens[stop].text not in (",", ";", ")", "}", "]"):
            stop = self.pair.get(stop, stop) + 1
        one, two = self._span(i + 1, colon - 1), self._span(colon + 1, stop - 1)
        self._add(self.tokens[i].start, self.tokens[stop - 1].end,
                  "? (%s) : (%s)" % (two, one), "swap the branches of ?:")


def mutants_of(name, text, names):
    """All mutants of a file, in the order of its text."""
    return sorted(Source(name, text, names).found,
                  key=lambda m: (m.start, m.end, m.new))


def apply(text, mutant):
    """The text with the fault in it."""
    return text[:mutant.start] + mutant.new + text[mutant.end:]
