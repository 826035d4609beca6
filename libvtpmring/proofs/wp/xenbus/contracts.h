/* SPDX-License-Identifier: MIT */
/* Contracts of core/xenbus.c, read before it. */
#include <vtpmring/xenbus.h>

/*@ axiomatic Decimal {
      logic integer decimal{L}(char *text, integer length) reads text[0 ..];
      axiom none{L}: \forall char *text; decimal(text, 0) == 0;
      axiom more{L}: \forall char *text, integer n; 0 <= n ==>
        decimal(text, n + 1) == decimal(text, n) * 10 + (text[n] - '0');
    }
    // 10^n, as far as the parser goes
    logic integer power(integer n) =
      n <= 0 ? 1 : n == 1 ? 10 : n == 2 ? 100 : n == 3 ? 1000 :
      n == 4 ? 10000 : n == 5 ? 100000 : n == 6 ? 1000000 :
      n == 7 ? 10000000 : n == 8 ? 100000000 : n == 9 ? 1000000000 :
      10000000000;
    predicate digits{L}(char *text, integer length) =
      \forall integer i; 0 <= i < length ==> '0' <= text[i] <= '9';
    predicate number{L}(char *text, integer length, integer max) =
      text != \null && 1 <= length <= 10 && digits(text, length) &&
      (length == 1 || text[0] != '0') && decimal(text, length) <= max; */

/*@ requires text == \null || length == 0 ||
             \valid_read(text + (0 .. length - 1));
    requires \valid(value);
    requires \separated(value, text + (0 .. length - 1));
    assigns *value;
    behavior good:
      assumes number(text, length, max);
      ensures \result == VTPMRING_OK;
      ensures *value == decimal(text, length);
    behavior bad:
      assumes !number(text, length, max);
      ensures \result == VTPMRING_EPEER_STRING;
      ensures *value == \old(*value);
    complete behaviors;
    disjoint behaviors; */
enum vtpmring_status vtpmring_xenbus_parse_number(const char *text,
                                                  size_t length, uint32_t max,
                                                  uint32_t *value);

/*@ requires text == \null || length == 0 ||
             \valid_read(text + (0 .. length - 1));
    assigns \nothing;
    ensures \result == VTPMRING_XENBUS_UNKNOWN ||
            (number(text, length, 6) && \result == decimal(text, length));
    ensures 0 <= \result <= 6; */
enum vtpmring_xenbus_state vtpmring_xenbus_parse_state(const char *text,
                                                       size_t length);

// a table of any length
/*@ axiomatic Rows { logic integer rows; }
    predicate closed(struct vtpmring_xenbus_row *table, integer count) =
      \forall integer i, j; 0 <= i < count && 0 <= j < 7 ==>
        table[i].close < count && table[i].peer[j] < count; */

/*@ requires 1 <= rows <= 256 && \valid_read(table + (0 .. rows - 1));
    requires closed(table, rows) && phase < rows && 0 <= peer <= 6;
    assigns \nothing;
    ensures \result < rows; */
uint8_t vtpmring_xenbus_settle(const struct vtpmring_xenbus_row *table,
                               uint8_t phase, enum vtpmring_xenbus_state peer,
                               bool close);

/*@ assigns \nothing;
    ensures \result != \null; */
const char *vtpmring_xenbus_state_name(enum vtpmring_xenbus_state state);
