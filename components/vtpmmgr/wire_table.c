/* SPDX-License-Identifier: MIT */
#include "wire_table.h"

/* The longest of what has a length of its own. */
#define BLOB_MAX 2048u
#define LABEL_MAX 256u
#define PUBLIC_MAX 1024u
#define EVIDENCE_MAX 3500u

#define FIELD(kind, name, min, max)                                            \
    {                                                                          \
        VTPMMGR_FIELD_##kind, offsetof(struct vtpmmgr_message, name), min, max \
    }
#define U32(name) FIELD(U32, name, 0, 0)
#define U64(name) FIELD(U64, name, 0, 0)
#define DIGEST FIELD(BYTES, digest, 0, VTPMMGR_DIGEST_SIZE)
#define UUID FIELD(BYTES, uuid, 0, VTPMMGR_UUID_SIZE)
#define GROUP_UUID FIELD(BYTES, group_uuid, 0, VTPMMGR_UUID_SIZE)
#define RSA(name) FIELD(BYTES, name, 0, VTPMMGR_RSA_SIZE)
#define SELECTION FIELD(SELECTION, selection, 0, 0)
#define LIST FIELD(LIST, list, 0, 0)
#define KEY FIELD(KEY, key, 0, 0)
#define SYMMETRIC FIELD(SYMMETRIC, symmetric, 0, 0)
#define BLOB(max) FIELD(SIZED, blob, 0, max)
#define TEXT(name) FIELD(SIZED, name, 0, VTPMMGR_TEXT_MAX)
#define RECOVERY FIELD(BYTES, recovery, 0, 32)
#define VALUES FIELD(VALUES, values, 0, 0)
#define END                                                                    \
    {                                                                          \
        VTPMMGR_FIELD_END, 0, 0, 0                                             \
    }
#define FIELDS(...)                                                            \
    (const struct vtpmmgr_field[])                                             \
    {                                                                          \
        __VA_ARGS__, END                                                       \
    }
#define NOTHING                                                                \
    (const struct vtpmmgr_field[])                                             \
    {                                                                          \
        END                                                                    \
    }
#define OF_VTPM(name, access, request, response)                               \
    {                                                                          \
        VTPMMGR_##name, VTPMMGR_TAG_REQ, VTPMMGR_##access, request, response   \
    }
#define OF_ADMIN(name, request, response)                                      \
    {                                                                          \
        VTPMMGR_##name, VTPMMGR_TAG_REQ2, VTPMMGR_ADMIN, request, response     \
    }

const struct vtpmmgr_command vtpmmgr_commands[VTPMMGR_COMMANDS] = {
    OF_VTPM(SAVEHASHKEY, OWN, FIELDS(FIELD(HASH_KEY, hash_key, 52, 64)),
            NOTHING),
    OF_VTPM(LOADHASHKEY, OWN, NOTHING,
            FIELDS(FIELD(HASH_KEY, hash_key, 52, 64))),
    OF_VTPM(GET_BOOT_HASH, ANY, NOTHING, FIELDS(DIGEST)),
    OF_VTPM(GET_QUOTE, OWN, FIELDS(DIGEST, SELECTION, U32(flags)),
            FIELDS(RSA(signature), VALUES)),

    OF_ADMIN(GROUP_LIST, NOTHING, FIELDS(U32(count))),
    OF_ADMIN(GROUP_NEW, FIELDS(DIGEST, RSA(modulus)),
             FIELDS(GROUP_UUID, RSA(modulus), RSA(binding))),
    OF_ADMIN(GROUP_DEL, FIELDS(U32(group)), NOTHING),
    OF_ADMIN(GROUP_ACTIVATE, FIELDS(U32(group), BLOB(BLOB_MAX)),
             FIELDS(SYMMETRIC)),
    OF_ADMIN(GROUP_REGISTER,
             FIELDS(U32(group), RSA(exchange), RSA(signature), SELECTION),
             FIELDS(RSA(exchange), RECOVERY, RSA(signature))),
    OF_ADMIN(GROUP_UPDATE,
             FIELDS(U32(group), RSA(signature), LIST,
                    FIELD(SELECTIONS, selections, 0, 0)),
             NOTHING),
    OF_ADMIN(GROUP_SHOW, FIELDS(U32(group)),
             FIELDS(GROUP_UUID, RSA(modulus), LIST)),
    OF_ADMIN(GROUP_QUOTE, FIELDS(U32(group), DIGEST, SELECTION),
             FIELDS(RSA(signature), VALUES)),
    OF_ADMIN(GROUP_RECOVER1, FIELDS(U32(group), KEY, DIGEST, SELECTION),
             FIELDS(RSA(exchange), RSA(signature))),
    OF_ADMIN(GROUP_RECOVER2, FIELDS(U32(group), RSA(exchange), RECOVERY),
             NOTHING),

    OF_ADMIN(VTPM_LIST, FIELDS(U32(group), U32(offset)),
             FIELDS(U32(count), FIELD(ITEMS, uuids, 0, VTPMMGR_UUID_SIZE))),
    OF_ADMIN(VTPM_SHOW, FIELDS(UUID),
             FIELDS(U32(group), GROUP_UUID, U32(flags), U64(saves),
                    BLOB(LABEL_MAX))),
    OF_ADMIN(VTPM_EDIT, FIELDS(UUID, U32(group), U32(flags)), NOTHING),
    OF_ADMIN(VTPM_NEW, FIELDS(U32(group), FIELD(UUID_MAYBE, uuid, 0, 0)),
             FIELDS(UUID)),
    OF_ADMIN(VTPM_DEL, FIELDS(UUID), NOTHING),

    OF_ADMIN(MAKE_IDENTITY, FIELDS(DIGEST), FIELDS(KEY, BLOB(BLOB_MAX))),
    OF_ADMIN(ACTIVATE_IDENTITY, FIELDS(KEY, BLOB(BLOB_MAX)), FIELDS(SYMMETRIC)),
    OF_ADMIN(READ_PUBEK, NOTHING,
             FIELDS(BLOB(PUBLIC_MAX), FIELD(SIZED, certificate, 0, BLOB_MAX))),
    OF_ADMIN(NV_DEFINE_SPACE, FIELDS(U32(index), U32(size), U32(attributes)),
             NOTHING),
    OF_ADMIN(NV_WRITE_VALUE, FIELDS(U32(index), U32(offset), BLOB(BLOB_MAX)),
             NOTHING),
    OF_ADMIN(NV_READ_VALUE, FIELDS(U32(index), U32(offset), U32(size)),
             FIELDS(BLOB(BLOB_MAX))),

    OF_ADMIN(GROUP_KEY, FIELDS(U32(group)), FIELDS(BLOB(PUBLIC_MAX))),
    OF_ADMIN(EVIDENCE,
             FIELDS(U32(group), UUID, BLOB(BLOB_MAX), U32(index),
                    U32(attributes), RECOVERY),
             FIELDS(BLOB(EVIDENCE_MAX))),

    OF_ADMIN(STATUS, FIELDS(U32(offset)),
             FIELDS(U32(flags), U32(vtpms), U32(groups), U64(generation),
                    U64(anchor), U64(uptime_s), U64(commands), U64(failures),
                    TEXT(root), TEXT(error), U32(count),
                    FIELD(ITEMS, devices, 0, VTPMMGR_DEVICE_SIZE))),
};

const struct vtpmmgr_command *vtpmmgr_command_find(uint16_t tag,
                                                   uint32_t ordinal)
{
    for (size_t i = 0; i < VTPMMGR_COMMANDS; i++)
        if (vtpmmgr_commands[i].tag == tag &&
            vtpmmgr_commands[i].ordinal == ordinal)
            return &vtpmmgr_commands[i];
    return NULL;
}
