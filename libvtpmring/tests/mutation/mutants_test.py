#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the mutation run does to a text."""
import unittest

import mutants

HEADER = """
#define LIMIT 16u
enum color { RED = 1, GREEN, /* BLUE, */ COLOR_COUNT };
enum vtpmring_status { VTPMRING_OK = 0, VTPMRING_AGAIN = 1 };
"""


def names_in(text):
    found = mutants.mutants_of("x.c", text, mutants.Names([HEADER]))
    return [m.name for m in found]


def texts_of(text, name):
    found = mutants.mutants_of("x.c", text, mutants.Names([HEADER]))
    return [mutants.apply(text, m) for m in found if m.name == name]


class Texts(unittest.TestCase):
    def same(self, text, names):
        self.assertEqual(sorted(names_in(text)), sorted(names))

    def test_what_is_no_code_stays(self):
        self.same('void f(void)\n{\n/* a < 1; */ // b = 2;\n'
                  '#if A > 1\n#endif\n    g("a + 1");\n}\n',
                  ["remove the statement"])
        self.same("struct s {\n    int a[4];\n};\nint b[2];\n", [])

    def test_operators(self):
        self.same("int f(void) { return a <= b; }",
                  ["<= => <", "<= => >", "return something else"])
        self.same("bool f(void) { return a && b; }",
                  ["&& => ||", "return something else"])
        self.same("void f(void) { x = a | b; }",
                  ["| => &", "remove the statement"])

    def test_unary_operators_are_no_binary_ones(self):
        self.same("void f(int *p) { g(*p, -x, &y); }",
                  ["remove the statement"])
        self.same("void f(void) { g((const char *)p); }",
                  ["remove the statement"])

    def test_constants(self):
        self.same("int f(void) { return 7; }",
                  ["7 + 1", "7 - 1", "return something else"])
        self.same("int f(void) { return 0; }",
                  ["0 + 1", "return something else"])
        self.same("int f(void) { return LIMIT; }",
                  ["LIMIT + 1", "LIMIT - 1", "return something else"])
        self.same("enum color f(void) { return GREEN; }",
                  ["GREEN => RED", "return something else"])

    def test_tables(self):
        text = "#define P(x) C_##x\nint t[] = { [P(A)] = P(B), };\n"
        names = mutants.Names(["enum c { C_A, C_B, C_D };"])
        found = mutants.mutants_of("x.c", text, names)
        self.assertEqual([(m.name, m.function, m.line) for m in found],
                         [("P(B) => P(D)", "t", 2)])
        self.assertIn("= P(D),", mutants.apply(text, found[0]))

    def test_statements(self):
        text = "void f(void)\n{\n    if (a)\n        b = (struct s){.c = d};\n}\n"
        self.same(text, ["negate the condition", "remove the statement",
                         "remove the initialiser"])
        self.assertEqual(
            texts_of(text, "remove the statement"),
            ["void f(void)\n{\n    if (a)\n        ;\n}\n"])
        self.assertIn("if (!(a))", texts_of(text, "negate the condition")[0])
        self.assertIn("s){}", texts_of(text, "remove the initialiser")[0])
        self.same("void f(void) { switch (a) { case 1: break; } }",
                  ["1 + 1", "1 - 1", "remove break"])
        self.same("void f(void) { int a = 1; char *p; }", ["1 + 1", "1 - 1"])

    def test_returns(self):
        for result, new in (("bool", "return !(g());"),
                            ("enum vtpmring_status",
                             "return (void)(g()), VTPMRING_OK;"),
                            ("size_t", "return (g()) + 1;"),
                            ("const char *", "return 0;")):
            text = "static %s f(void) { return g(); }" % result
            self.assertEqual(texts_of(text, "return something else"),
                             ["static %s f(void) { %s }" % (result, new)])

    def test_branches(self):
        text = "void f(void) { a = b ? c : d; }"
        self.assertEqual(texts_of(text, "swap the branches of ?:"),
                         ["void f(void) { a = b ? (d) : (c); }"])


if __name__ == "__main__":
    unittest.main()
