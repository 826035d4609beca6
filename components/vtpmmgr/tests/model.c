/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const uint8_t root_key[VTPM_KEY_SIZE] = {7, 1, 2, 3};
const uint8_t other_key[VTPM_KEY_SIZE] = {7, 1, 2, 4};

static uint64_t seed = 1;

void chance_seed(uint64_t number)
{
    seed = number * 2 + 1;
}

uint32_t chance(uint32_t n)
{
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return (uint32_t)((seed * UINT64_C(2685821657736338717)) >> 33) % n;
}

struct vtpmmgr_vtpm numbered_vtpm(uint32_t number, uint32_t group,
                                  uint64_t saves)
{
    struct vtpmmgr_vtpm vtpm = {.group = group, .saves = saves, .flags = 5};

    for (unsigned i = 0; i < 4; i++)
        vtpm.uuid[i * 5] = (uint8_t)(number >> 8 * i);
    memset(vtpm.key, (int)(number * 31 + saves), sizeof vtpm.key);
    vtpm.key[0] = (uint8_t)saves;
    return vtpm;
}

static size_t find(const struct model *model, const uint8_t *uuid)
{
    size_t i = 0;

    while (i < model->vtpm_count &&
           memcmp(model->vtpm[i].uuid, uuid, VTPM_UUID_SIZE) != 0)
        i++;
    return i;
}

static size_t members_of(const struct model *model, uint32_t group)
{
    size_t count = 0;

    for (size_t i = 0; i < model->vtpm_count; i++)
        count += model->vtpm[i].group == group;
    return count;
}

static uint32_t some_group(const struct model *model)
{
    uint32_t group = chance(MODEL_GROUPS);

    while (model->group_len[group] == 0)
        group = (group + 1) % MODEL_GROUPS;
    return group;
}

static void choose_vtpms(const struct model *model, size_t vtpms,
                         struct model_change *change)
{
    bool grow = model->vtpm_count < vtpms && chance(3) == 0;

    change->what = PUT;
    change->count = chance(40) == 0 ? 1 + chance(100) : 1;
    if (change->count + model->vtpm_count > MODEL_VTPMS)
        change->count = 1;
    for (size_t i = 0; i < change->count; i++) {
        struct vtpmmgr_vtpm *vtpm = &change->vtpm[i];
        uint32_t number = chance(1u << 30);

        if (i == 0 && !grow && model->vtpm_count > 0) {
            *vtpm = model->vtpm[chance((uint32_t)model->vtpm_count)];
            vtpm->saves++;
            memset(vtpm->key, (int)chance(256), sizeof vtpm->key);
            if (chance(10) == 0)
                vtpm->group = some_group(model);
        } else {
            *vtpm = numbered_vtpm(number, some_group(model), 1);
        }
    }
}

void model_choose(const struct model *model, size_t vtpms,
                  struct model_change *change)
{
    size_t groups = 0;

    memset(change, 0, sizeof *change);
    for (size_t i = 0; i < MODEL_GROUPS; i++)
        groups += model->group_len[i] != 0;
    change->group = chance(MODEL_GROUPS);
    if (groups == 0 || chance(12) == 0) {
        change->what = PUT_GROUP;
        change->len = 1 + chance(chance(4) ? 600 : VTPMMGR_GROUP_MAX);
        change->fill = (uint8_t)chance(256);
    } else if (chance(20) == 0 && model->group_len[change->group] != 0 &&
               members_of(model, change->group) == 0) {
        change->what = REMOVE_GROUP;
    } else if (model->vtpm_count > 0 &&
               chance(model->vtpm_count > vtpms ? 2 : 12) == 0) {
        change->what = REMOVE;
        change->vtpm[0] = model->vtpm[chance((uint32_t)model->vtpm_count)];
    } else if (chance(30) == 0) {
        change->what = ANCHOR;
    } else {
        choose_vtpms(model, vtpms, change);
    }
}

static void fill_group(uint8_t *bytes, size_t len, uint8_t fill)
{
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)(fill + i / 7);
}

enum vtpm_status model_try(struct vtpmmgr_store *store,
                           const struct model_change *change,
                           struct vtpm_error *err)
{
    uint8_t bytes[VTPMMGR_GROUP_MAX];

    switch (change->what) {
    case PUT:
        return vtpmmgr_store_put(store, change->vtpm, change->count, err);
    case REMOVE:
        return vtpmmgr_store_remove(store, change->vtpm[0].uuid, err);
    case PUT_GROUP:
        fill_group(bytes, change->len, change->fill);
        return vtpmmgr_store_put_group(store, change->group, bytes, change->len,
                                       err);
    case REMOVE_GROUP:
        return vtpmmgr_store_remove_group(store, change->group, err);
    default:
        return vtpmmgr_store_commit_anchor(store, err);
    }
}

void model_apply(struct model *model, const struct model_change *change)
{
    size_t place;

    switch (change->what) {
    case PUT:
        for (size_t i = 0; i < change->count; i++) {
            place = find(model, change->vtpm[i].uuid);
            model->vtpm_count += place == model->vtpm_count;
            model->vtpm[place] = change->vtpm[i];
        }
        return;
    case REMOVE:
        place = find(model, change->vtpm[0].uuid);
        model->vtpm[place] = model->vtpm[--model->vtpm_count];
        return;
    case PUT_GROUP:
        model->group_len[change->group] = change->len;
        model->group_fill[change->group] = change->fill;
        return;
    case REMOVE_GROUP:
        model->group_len[change->group] = 0;
        return;
    default:
        return;
    }
}

static bool groups_equal(const struct model *model,
                         const struct vtpmmgr_store *store)
{
    static uint8_t want[VTPMMGR_GROUP_MAX], have[VTPMMGR_GROUP_MAX];
    size_t len, groups = 0;

    for (uint32_t i = 0; i < MODEL_GROUPS; i++) {
        bool there = vtpmmgr_store_get_group(store, i, have, &len);
        uint32_t number;

        fill_group(want, model->group_len[i], model->group_fill[i]);
        if (there != (model->group_len[i] != 0) || len != model->group_len[i] ||
            memcmp(want, have, len) != 0 ||
            vtpmmgr_store_members(store, i) != members_of(model, i))
            return false;
        if (there &&
            (!vtpmmgr_store_group_at(store, groups++, &number) || number != i))
            return false;
    }
    return vtpmmgr_store_groups(store) == groups;
}

static bool lists_equal(const struct model *model,
                        const struct vtpmmgr_store *store)
{
    for (uint32_t i = 0; i < MODEL_GROUPS; i++) {
        uint8_t uuids[7][VTPM_UUID_SIZE];
        size_t offset = 0, n;

        while ((n = vtpmmgr_store_list(store, i, offset, uuids, 7)) > 0) {
            for (size_t k = 0; k < n; k++) {
                size_t place = find(model, uuids[k]);

                if (place == model->vtpm_count || model->vtpm[place].group != i)
                    return false;
            }
            offset += n;
        }
        if (offset != members_of(model, i))
            return false;
    }
    return true;
}

bool model_equal(const struct model *model, const struct vtpmmgr_store *store)
{
    if (vtpmmgr_store_count(store) != model->vtpm_count)
        return false;
    for (size_t i = 0; i < model->vtpm_count; i++) {
        struct vtpmmgr_vtpm vtpm;

        if (!vtpmmgr_store_get(store, model->vtpm[i].uuid, &vtpm) ||
            memcmp(&vtpm, &model->vtpm[i], sizeof vtpm) != 0)
            return false;
    }
    return groups_equal(model, store) && lists_equal(model, store);
}

void check_status(enum vtpm_status status, enum vtpm_status expected,
                  const struct vtpm_error *err, const char *words,
                  const char *file, int line)
{
    if (status != expected)
        print_error("got \"%s\", expected \"%s\"; %s\n",
                    vtpm_status_text(status), vtpm_status_text(expected),
                    status != VTPM_OK ? err->text : "");
    _assert_int_equal(status, expected, file, line);
    if (words && !strstr(err->text, words)) {
        print_error("not about \"%s\": %s\n", words, err->text);
        _fail(file, line);
    }
}
