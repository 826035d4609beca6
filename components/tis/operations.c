/* SPDX-License-Identifier: MIT */
/* What callers ask for. Nothing here touches a register. */
#include <vtpmring/tis.h>

enum vtpmring_status vtpmring_tis_init(struct vtpmring_tis *tis,
                                       const struct vtpmring_tis_access *access,
                                       void *context,
                                       const struct vtpmring_tis_config *config)
{
    static const struct vtpmring_tis_config standard =
        VTPMRING_TIS_CONFIG_DEFAULT;

    if (config == NULL)
        config = &standard;
    if (config->interface >= VTPMRING_TIS_INTERFACE_COUNT ||
        config->poll_us == 0 || config->poll_max_us < config->poll_us)
        return VTPMRING_EINVAL;
    *tis = (struct vtpmring_tis){
        .access = access,
        .context = context,
        .config = *config,
        .table = vtpmring_tis_fifo_table,
        .wanted = VTPMRING_TIS_NO_LOCALITY,
        .held = VTPMRING_TIS_NO_LOCALITY,
    };
    return VTPMRING_OK;
}

static bool is_at_rest(const struct vtpmring_tis *tis)
{
    return tis->table[tis->phase].work == VTPMRING_TIS_RESTS && !tis->pending;
}

/* A new operation, on a locality. */
static void begin(struct vtpmring_tis *tis, uint8_t locality)
{
    tis->wanted = locality;
    tis->seize = false;
    tis->pending = true;
    tis->cancel = false;
    tis->command = NULL;
    tis->length = 0;
    tis->result = VTPMRING_OK;
}

enum vtpmring_status vtpmring_tis_probe(struct vtpmring_tis *tis)
{
    if (!is_at_rest(tis) || tis->phase != VTPMRING_TIS_NONE)
        return VTPMRING_ESTATE;
    begin(tis, VTPMRING_TIS_NO_LOCALITY);
    tis->interface = VTPMRING_TIS_UNKNOWN;
    tis->table = vtpmring_tis_fifo_table;
    return VTPMRING_OK;
}

enum vtpmring_status vtpmring_tis_request(struct vtpmring_tis *tis,
                                          uint8_t locality, bool seize)
{
    if (!is_at_rest(tis) || tis->interface == VTPMRING_TIS_UNKNOWN)
        return VTPMRING_ESTATE;
    if (locality >= tis->localities)
        return VTPMRING_EINVAL;
    begin(tis, locality);
    tis->seize = seize;
    return VTPMRING_OK;
}

enum vtpmring_status vtpmring_tis_release(struct vtpmring_tis *tis)
{
    if (!is_at_rest(tis))
        return VTPMRING_ESTATE;
    begin(tis, VTPMRING_TIS_NO_LOCALITY);
    tis->pending = tis->phase != VTPMRING_TIS_NONE;
    return VTPMRING_OK;
}

enum vtpmring_status vtpmring_tis_submit(struct vtpmring_tis *tis,
                                         uint8_t locality, const void *command,
                                         size_t length, void *response,
                                         size_t capacity)
{
    struct vtpmring_tpm_header header;

    if (!is_at_rest(tis) || tis->interface == VTPMRING_TIS_UNKNOWN)
        return VTPMRING_ESTATE;
    if (locality >= tis->localities ||
        vtpmring_tpm_parse(command, length, &header) != VTPMRING_OK)
        return VTPMRING_EINVAL;
    if (length > VTPMRING_TPM_COMMAND_MAX ||
        capacity < VTPMRING_TPM_HEADER_SIZE)
        return VTPMRING_ENOBUF;
    begin(tis, locality);
    tis->command = command;
    tis->command_length = length;
    tis->response = response;
    tis->capacity = capacity;
    tis->duration = (uint8_t)vtpmring_tis_duration(header.tag, header.code);
    tis->tries = tis->config.retries;
    return VTPMRING_OK;
}

enum vtpmring_status vtpmring_tis_cancel(struct vtpmring_tis *tis)
{
    if (is_at_rest(tis) || tis->command == NULL)
        return VTPMRING_ESTATE;
    tis->cancel = true;
    return VTPMRING_OK;
}

const char *vtpmring_tis_interface_name(enum vtpmring_tis_interface interface)
{
    static const char *const names[] = {"unknown", "FIFO of TIS", "FIFO of PTP",
                                        "CRB"};

    return (size_t)interface < sizeof(names) / sizeof(names[0])
               ? names[interface]
               : "?";
}

const char *vtpmring_tis_phase_name(const struct vtpmring_tis *tis)
{
    return tis->table[tis->phase].name;
}
