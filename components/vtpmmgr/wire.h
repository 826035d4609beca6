/* SPDX-License-Identifier: MIT */
#ifndef VTPMMGR_WIRE_H
#define VTPMMGR_WIRE_H

/**
 * @file
 * The frames between a vTPM and the manager: big-endian u16 tag, u32 size, u32
 * ordinal (of a request) or status (of a response), then what the ordinal
 * demands; docs/manager-protocol.md has the table. No input or output, no
 * memory of its own: decoded bytes point into the frame.
 *
 * A frame is taken whole or not at all: one byte too few or too many, anywhere,
 * and it is refused.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The longest frame. */
#define VTPMMGR_FRAME_MAX 4096u
#define VTPMMGR_FRAME_HEADER 10u
#define VTPMMGR_DIGEST_SIZE 20u
#define VTPMMGR_UUID_SIZE 16u
/** Bytes of a signature, and of the modulus and secret of RSA and DH. */
#define VTPMMGR_RSA_SIZE 256u
/** The most hashes in a group's list, platforms and kernels together: a
 * response that shows it must fit one page. */
#define VTPMMGR_LIST_MAX 189u

enum vtpmmgr_tag {
    VTPMMGR_TAG_REQ = 0x01c1,  /**< of a vTPM, for itself */
    VTPMMGR_TAG_REQ2 = 0x01c2, /**< management */
    VTPMMGR_TAG_RSP = 0x01c4   /**< a command was handled */
};

enum vtpmmgr_ordinal {
    VTPMMGR_SAVEHASHKEY = 1,
    VTPMMGR_LOADHASHKEY = 2,
    VTPMMGR_GET_BOOT_HASH = 3,
    VTPMMGR_GET_QUOTE = 4,
    VTPMMGR_GROUP_LIST = 0x02000101,
    VTPMMGR_GROUP_NEW = 0x02000102,
    VTPMMGR_GROUP_DEL = 0x02000103,
    VTPMMGR_GROUP_ACTIVATE = 0x02000104,
    VTPMMGR_GROUP_REGISTER = 0x02000105,
    VTPMMGR_GROUP_UPDATE = 0x02000106,
    VTPMMGR_GROUP_SHOW = 0x02000107,
    VTPMMGR_GROUP_QUOTE = 0x02000108,
    VTPMMGR_GROUP_RECOVER1 = 0x02000109,
    VTPMMGR_GROUP_RECOVER2 = 0x0200010a,
    VTPMMGR_VTPM_LIST = 0x02000201,
    VTPMMGR_VTPM_SHOW = 0x02000202,
    VTPMMGR_VTPM_EDIT = 0x02000203,
    VTPMMGR_VTPM_NEW = 0x02000204,
    VTPMMGR_VTPM_DEL = 0x02000205,
    VTPMMGR_MAKE_IDENTITY = 0x02000301,
    VTPMMGR_ACTIVATE_IDENTITY = 0x02000302,
    VTPMMGR_READ_PUBEK = 0x02000303,
    VTPMMGR_NV_DEFINE_SPACE = 0x02000304,
    VTPMMGR_NV_WRITE_VALUE = 0x02000305,
    VTPMMGR_NV_READ_VALUE = 0x02000306,
    VTPMMGR_GROUP_KEY = 0x0200010b, /**< this and those below: not Xen's */
    VTPMMGR_EVIDENCE = 0x0200010c,
    VTPMMGR_STATUS = 0x02000401
};
/** How many ordinals there are. */
#define VTPMMGR_COMMANDS 28u

/** Status values; they are those of TPM 1.2. */
enum vtpmmgr_code {
    VTPMMGR_SUCCESS = 0,
    VTPMMGR_AUTHFAIL = 1,        /**< management without the right to it */
    VTPMMGR_BADINDEX = 2,        /**< no such group, or NV index */
    VTPMMGR_BAD_PARAMETER = 3,   /**< malformed, or an unknown UUID */
    VTPMMGR_DISABLED = 7,        /**< open already, or label not allowed */
    VTPMMGR_DISABLED_CMD = 8,    /**< not let through to the hardware */
    VTPMMGR_FAIL = 9,            /**< refused, or did not work */
    VTPMMGR_BAD_ORDINAL = 10,    /**< no such ordinal */
    VTPMMGR_NOSPACE = 17,        /**< the store is full */
    VTPMMGR_SIZE = 23,           /**< the response does not fit */
    VTPMMGR_BAD_PARAM_SIZE = 25, /**< the size field is not the length */
    VTPMMGR_BADTAG = 30,         /**< no such tag */
    VTPMMGR_RETRY = 0x800        /**< not now */
};

/** Flags of a vTPM, in VTPM_SHOW and VTPM_EDIT. */
enum vtpmmgr_vtpm_flag {
    VTPMMGR_VTPM_ADMIN = 1 /**< it may manage */
};

/** Flags of the manager, in STATUS. */
enum vtpmmgr_status_flag {
    VTPMMGR_STATUS_HARDWARE = 1,    /**< there is a hardware TPM */
    VTPMMGR_STATUS_COUNTER = 2,     /**< the root has a counter */
    VTPMMGR_STATUS_EACH_COMMIT = 4, /**< it is raised with each commit */
    VTPMMGR_STATUS_FAILING = 8      /**< the last change was not saved */
};

/** Flags of a connected device, in STATUS. */
enum vtpmmgr_device_flag {
    VTPMMGR_DEVICE_OPEN = 1,   /**< it has opened its vTPM */
    VTPMMGR_DEVICE_ADMIN = 2,  /**< it may manage */
    VTPMMGR_DEVICE_UNKNOWN = 4 /**< there is no vTPM of its UUID */
};
/** The group of a device whose UUID is unknown. */
#define VTPMMGR_NO_GROUP 0xffffffffu
/** Bytes of a device in STATUS: u32 domain, u32 handle, UUID, u32 flags, u32
 * group. */
#define VTPMMGR_DEVICE_SIZE 32u
/** The longest text in STATUS. */
#define VTPMMGR_TEXT_MAX 256u

/** Who may use a command. */
enum vtpmmgr_access {
    VTPMMGR_ANY,  /**< every vTPM */
    VTPMMGR_OWN,  /**< a vTPM that has a record, about itself */
    VTPMMGR_ADMIN /**< a vTPM that may manage */
};

/** Bytes that somebody else owns. */
struct vtpmmgr_span {
    const uint8_t *at;
    size_t len;
};

/** A group's list: what its platforms and its vTPMs' kernels may be. */
struct vtpmmgr_list {
    uint64_t sequence;
    struct vtpmmgr_span platforms; /**< digests */
    struct vtpmmgr_span kernels;   /**< digests */
    struct vtpmmgr_span whole;     /**< decoded: the bytes that are signed */
};

/** What a frame carries. Which of these are used, the ordinal says. */
struct vtpmmgr_message {
    uint32_t group;
    uint32_t flags;
    uint32_t count;
    uint32_t offset;
    uint32_t index;
    uint32_t size;
    uint32_t attributes;
    uint32_t vtpms;
    uint32_t groups;
    uint64_t saves;
    uint64_t generation;
    uint64_t anchor;
    uint64_t uptime_s;
    uint64_t commands; /**< answered since the start */
    uint64_t failures; /**< of these, not with success */
    struct vtpmmgr_list list;
    struct vtpmmgr_span uuid; /**< may be none in VTPM_NEW */
    struct vtpmmgr_span group_uuid;
    struct vtpmmgr_span hash_key; /**< 52 to 64 bytes */
    struct vtpmmgr_span digest;   /**< hash, nonce, data to be quoted */
    struct vtpmmgr_span modulus;  /**< of an RSA key */
    struct vtpmmgr_span binding;  /**< what ties a key to this TPM */
    struct vtpmmgr_span signature;
    struct vtpmmgr_span exchange;   /**< half of a Diffie-Hellman exchange */
    struct vtpmmgr_span recovery;   /**< 32 bytes */
    struct vtpmmgr_span selection;  /**< a TPM_PCR_SELECTION */
    struct vtpmmgr_span selections; /**< one for each platform of the list */
    struct vtpmmgr_span values;     /**< digests */
    struct vtpmmgr_span uuids;
    struct vtpmmgr_span key;       /**< TPM_KEY, TPM_KEY12, or of TPM 2.0 */
    struct vtpmmgr_span symmetric; /**< a TPM_SYMMETRIC_KEY */
    struct vtpmmgr_span blob;
    struct vtpmmgr_span certificate; /**< may be empty */
    struct vtpmmgr_span root;        /**< kind of the root, a text */
    struct vtpmmgr_span error;       /**< the last one, a text; may be empty */
    struct vtpmmgr_span devices;     /**< VTPMMGR_DEVICE_SIZE bytes each */
};

/** One row of the table of commands. */
struct vtpmmgr_command {
    uint32_t ordinal;
    uint16_t tag;
    enum vtpmmgr_access access;
    const struct vtpmmgr_field *request;
    const struct vtpmmgr_field *response;
};

extern const struct vtpmmgr_command vtpmmgr_commands[VTPMMGR_COMMANDS];

/** @return the row, or NULL */
const struct vtpmmgr_command *vtpmmgr_command_find(uint16_t tag,
                                                   uint32_t ordinal);

/**
 * Reads what follows the header of a request.
 * @param body bytes behind the header
 * @param message zeroed, then filled; its bytes point into body
 * @return whether it is exactly what the command demands
 */
bool vtpmmgr_request_decode(const struct vtpmmgr_command *command,
                            struct vtpmmgr_span body,
                            struct vtpmmgr_message *message);

/**
 * Writes a whole request.
 * @return its bytes; 0 if the message is not what the command demands, or does
 *         not fit
 */
size_t vtpmmgr_request_encode(const struct vtpmmgr_command *command,
                              const struct vtpmmgr_message *message,
                              uint8_t *frame, size_t room);

/**
 * Writes a whole response.
 * @param request  what is answered: it says how many values there are
 * @param status   if it is not success, nothing follows the header
 * @param response used if it is
 * @return as vtpmmgr_request_encode()
 */
size_t vtpmmgr_response_encode(const struct vtpmmgr_command *command,
                               const struct vtpmmgr_message *request,
                               uint32_t status,
                               const struct vtpmmgr_message *response,
                               uint8_t *frame, size_t room);

/**
 * Reads a whole response.
 * @param status   of the response
 * @param response zeroed, then filled if status is success
 * @return whether it is a response to this request, and nothing else
 */
bool vtpmmgr_response_decode(const struct vtpmmgr_command *command,
                             const struct vtpmmgr_message *request,
                             struct vtpmmgr_span frame, uint32_t *status,
                             struct vtpmmgr_message *response);

/**
 * Reads a group's list as it stands in a frame, and in the store.
 * @return whether it is exactly one
 */
bool vtpmmgr_list_decode(struct vtpmmgr_span bytes, struct vtpmmgr_list *list);

/** How many UUIDs a page of VTPM_LIST has room for. */
static inline size_t vtpmmgr_list_page(size_t room)
{
    if (room > VTPMMGR_FRAME_MAX)
        room = VTPMMGR_FRAME_MAX;
    return room < VTPMMGR_FRAME_HEADER + 4
               ? 0
               : (room - VTPMMGR_FRAME_HEADER - 4) / VTPMMGR_UUID_SIZE;
}

/** How many devices a page of STATUS has room for, whatever the texts are. */
static inline size_t vtpmmgr_status_page(size_t room)
{
    const size_t rest =
        VTPMMGR_FRAME_HEADER + 4 * 4 + 5 * 8 + 2 * (4 + VTPMMGR_TEXT_MAX);

    if (room > VTPMMGR_FRAME_MAX)
        room = VTPMMGR_FRAME_MAX;
    return room < rest ? 0 : (room - rest) / VTPMMGR_DEVICE_SIZE;
}

#endif
