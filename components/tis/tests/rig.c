/* SPDX-License-Identifier: MIT */
#include "rig.h"

#define CANARY 0xa5

static const char *only;

void rig_only(const char *family)
{
    only = family;
}

bool rig_tries(enum vtpmring_tis_interface interface)
{
    return only == NULL ||
           strcmp(only, interface == VTPMRING_TIS_FIFO_12 ? "12" : "20") == 0;
}

void check_status(enum vtpmring_status is, enum vtpmring_status wanted,
                  const char *file, int line)
{
    if (is == wanted)
        return;
    print_error("%s is not %s\n", vtpmring_status_name(is),
                vtpmring_status_name(wanted));
    _fail(file, line);
}

void rig_begin_with(struct rig *rig, enum vtpmring_tis_interface interface,
                    const struct vtpmring_tis_config *config)
{
    memset(rig, 0, sizeof(*rig));
    model_begin(&rig->model, interface);
    engine_begin(interface == VTPMRING_TIS_FIFO_12 ? VTPMRING_TPM_12
                                                   : VTPMRING_TPM_20);
    assert_status(
        vtpmring_tis_init(&rig->tis, &model_access, &rig->model, config),
        VTPMRING_OK);
    assert_status(vtpmring_tis_probe(&rig->tis), VTPMRING_OK);
    assert_status(vtpmring_tis_run(&rig->tis), VTPMRING_OK);
    assert_int_equal(rig->tis.interface, interface);
}

void rig_begin(struct rig *rig, enum vtpmring_tis_interface interface)
{
    rig_begin_with(rig, interface, NULL);
}

static void check_canary(const struct rig *rig)
{
    size_t used = rig->tis.result == VTPMRING_OK ? rig->tis.length : 4096;

    for (size_t i = used; i < sizeof(rig->response); i++)
        assert_int_equal(rig->response[i], CANARY);
}

enum vtpmring_status rig_execute(struct rig *rig, const void *command,
                                 size_t length)
{
    enum vtpmring_status status;

    memset(rig->response, CANARY, sizeof(rig->response));
    rig->began = rig->model.now;
    assert_status(
        vtpmring_tis_submit(&rig->tis, 0, command, length, rig->response, 4096),
        VTPMRING_OK);
    status = vtpmring_tis_run(&rig->tis);
    check_canary(rig);
    return status;
}

/* static: the driver reads it later */
static const uint8_t *random_command(struct rig *rig, unsigned count,
                                     size_t *length)
{
    static uint8_t of_20[12] = {0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x7b};
    static uint8_t of_12[14] = {0, 0xc1, 0, 0, 0, 14, 0, 0, 0, 0x46};
    bool is_20 = rig->tis.family == VTPMRING_TPM_20;
    uint8_t *command = is_20 ? of_20 : of_12;

    *length = is_20 ? sizeof(of_20) : sizeof(of_12);
    command[*length - 2] = (uint8_t)(count >> 8);
    command[*length - 1] = (uint8_t)count;
    return command;
}

enum vtpmring_status rig_random(struct rig *rig, unsigned count)
{
    size_t length;
    const uint8_t *command = random_command(rig, count, &length);

    return rig_execute(rig, command, length);
}

void rig_submit_random(struct rig *rig, unsigned count)
{
    size_t length;
    const uint8_t *command = random_command(rig, count, &length);

    memset(rig->response, CANARY, sizeof(rig->response));
    rig->began = rig->model.now;
    assert_status(
        vtpmring_tis_submit(&rig->tis, 0, command, length, rig->response, 4096),
        VTPMRING_OK);
}

void rig_works(struct rig *rig)
{
    bool is_20 = rig->tis.family == VTPMRING_TPM_20;

    assert_status(rig_random(rig, 16), VTPMRING_OK);
    assert_int_equal(rig->tis.length, 26 + (is_20 ? 2 : 4));
    assert_int_equal(rig->response[0], is_20 ? 0x80 : 0);
    assert_int_equal(rig->response[9], 0);
    assert_int_equal(rig->response[rig->tis.length - 17], 16);
}

void rig_step_to(struct rig *rig, enum vtpmring_tis_phase phase)
{
    while (rig->tis.phase != phase) {
        assert_status(vtpmring_tis_step(&rig->tis), VTPMRING_AGAIN);
        rig->model.now += rig->tis.wait_us;
    }
}
