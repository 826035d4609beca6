// SPDX-License-Identifier: MIT
// Outside of page.c nothing touches shared memory: no primitive of shmem.h is
// called, and a pointer into it is set or compared with NULL, no more.

@primitive@
identifier f =~ "^shmem_";
position p;
@@
f@p(...)

@script:python@
p << primitive.p;
f << primitive.f;
@@
print("%s:%s: %s() is called outside of page.c" % (p[0].file, p[0].line, f))

@allowed@
expression E, F;
position p;
@@
(
 E.first@p == NULL
|
 E.first@p != NULL
|
 E.extra@p == NULL
|
 E.extra@p != NULL
|
 E->first@p == NULL
|
 E->first@p != NULL
|
 E->extra@p == NULL
|
 E->extra@p != NULL
|
 E.first@p = F
|
 E.extra@p = F
|
 E->first@p = F
|
 E->extra@p = F
)

@used@
expression E;
position p != allowed.p;
@@
(
 E.first@p
|
 E.extra@p
|
 E->first@p
|
 E->extra@p
)

@script:python@
p << used.p;
@@
print("%s:%s: a pointer into shared memory is used outside of page.c" % (
    p[0].file, p[0].line))
