// SPDX-License-Identifier: MIT
// No function reads a field of shared memory twice on one path: what was
// checked at the first read may be something else at the second. A loop comes
// back to the same read, but with another field: that is none.

@twice exists@
identifier load =~ "^shmem_load_|^vtpmring_page_(load|read)";
expression place;
position p, q;
@@
load@p(place, ...)
... when any
load@q(place, ...)

@script:python@
p << twice.p;
q << twice.q;
load << twice.load;
place << twice.place;
@@
if (p[0].line, p[0].column) != (q[0].line, q[0].column):
    print("%s:%s: %s() reads %s(%s) again, after line %s" % (
        q[0].file, q[0].line, q[0].current_element, load, place, p[0].line))
