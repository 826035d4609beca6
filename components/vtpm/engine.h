/* SPDX-License-Identifier: MIT */
#ifndef VTPM_ENGINE_H
#define VTPM_ENGINE_H

/**
 * @file
 * One TPM: libtpms over a store. Commands go in, responses come out; no
 * transport.
 *
 * A response is handed out only after the state that its command changed is
 * durable. While it cannot be made durable, every command is answered with
 * an error (TPM 2.0: TPM_RC_NV_UNAVAILABLE, 0x923; TPM 1.2: TPM_RETRY,
 * 0x800) and nothing is executed, so nothing that a crash could take back is
 * ever seen. The command during which saving failed was executed, and keeps
 * its effect once saving works again, although it was answered with the
 * error. Commands that change no state do no input or output. If nothing but
 * the clock is unsaved, or that the last guest was shut down, commands that
 * change nothing and do not show it (GetRandom, PCR_Read, GetCapability and
 * the like, without sessions) are executed as well. The clock of a
 * TPM 2.0 is saved with the next change of state, as libtpms does it: after
 * a kill it may have stepped back, and says so by its safe flag.
 *
 * The engine is the TPM's firmware: it sends Startup(CLEAR) itself, so that
 * the first command of a guest works. A guest's own TPM2_Startup is answered
 * with TPM_RC_INITIALIZE, as everywhere firmware has run. A TPM 2.0 tests
 * each algorithm when it is first used. A new TPM 1.2 is enabled, activated
 * and gets an endorsement key; physical presence stays with the guest, which
 * has neither firmware nor a button.
 *
 * PCRs have their reset values, extended once where that was asked for, after
 * vtpm_engine_power_cycle(), and when a new TPM starts. From vtpm_engine_stop()
 * to the next start they are kept, with all that a TPM loses without power.
 * While an engine runs, the store says so: a start that finds that the last
 * engine did not stop in order cannot know the PCRs any more and extends all of
 * them, in all banks, with random bytes, so that nobody takes them for those of
 * a boot.
 *
 * libtpms holds one TPM per process, so there is at most one engine.
 */

#include "status.h"
#include "store.h"

#include <stddef.h>
#include <stdint.h>

/** The longest command and response, bytes. */
#define VTPM_COMMAND_MAX 4096u

struct vtpm_engine;

struct vtpm_engine_options {
    /**
     * Gets a line, without newline, for each change of condition (the state
     * cannot be saved; it can again; the PCRs are lost). May be NULL.
     */
    void (*log)(void *context, const char *line);
    void *log_context;
    /** Localities that commands may use, by bit; 0: all five. */
    uint32_t localities;
    /**
     * PCRs that do not stay at their reset values, by bit: each is extended,
     * in all banks, with what initial() gives. With any, a power cycle is never
     * left out.
     */
    uint32_t initial_pcrs;
    /**
     * Gives what a PCR is extended with.
     * @param value to be filled: len bytes, 32 for a TPM 2.0 (the data of a
     *              PCR_Event), 20 for a TPM 1.2
     */
    enum vtpm_status (*initial)(void *context, uint32_t pcr, uint8_t *value,
                                size_t len, struct vtpm_error *err);
    void *initial_context;
};

/**
 * Starts the TPM that is in the store; one durable save notes that it is in
 * use. For a new place
 * (vtpm_store_provision()) it makes a TPM; that is committed with one durable
 * save before this returns, so that a half-made TPM never counts. A TPM is
 * never made for any other reason.
 * @param engine  to be freed with vtpm_engine_stop(); NULL on failure
 * @param store   opened or newly provisioned, not loaded; stays the
 *                caller's, must outlive the engine
 * @param options copied; may be NULL
 * @return VTPM_OK; what vtpm_store_load() or vtpm_store_save() return;
 *         VTPM_ETPM (libtpms does not take the state); VTPM_EBUSY (there is
 *         an engine already); VTPM_ENOMEM
 */
enum vtpm_status vtpm_engine_start(struct vtpm_engine **engine,
                                   struct vtpm_store *store,
                                   const struct vtpm_engine_options *options,
                                   struct vtpm_error *err);

/**
 * Executes a command. A command whose header is short, or whose size field
 * is not its length, gets a TPM error response of its family, as does a
 * locality above 4, or one that was not allowed.
 * @param command      private to the caller (never a shared page); its bytes
 *                     may be changed: libtpms decrypts parameters in place
 * @param response_len at least 10, at most VTPM_COMMAND_MAX
 * @return the response, the engine's, valid until the next call; never NULL
 */
const uint8_t *vtpm_engine_execute(struct vtpm_engine *engine, uint8_t *command,
                                   size_t command_len, uint8_t locality,
                                   size_t *response_len);

/**
 * The number of the command that is being executed, 0 when none is. For
 * vtpm_engine_cancel(); callable from any thread.
 */
uint64_t vtpm_engine_running(struct vtpm_engine *engine);

/**
 * Asks the command with that number to stop early; callable from any thread.
 * A TPM 2.0 then answers TPM_RC_CANCELED, or finishes. libtpms forgets a
 * request that comes before it has begun with the command: repeat the call
 * every few milliseconds until it returns VTPM_EINVAL.
 * @return VTPM_OK (asked); VTPM_EINVAL (that command is not running);
 *         VTPM_EUNSUPPORTED (TPM 1.2)
 */
enum vtpm_status vtpm_engine_cancel(struct vtpm_engine *engine,
                                    uint64_t number);

/**
 * Does what an orderly guest does before its power goes: TPM2_Shutdown
 * (CLEAR) or TPM_SaveState, durably, unless the last command was that.
 * Otherwise the dictionary-attack logic counts the stop as an attack. The
 * TPM goes on working if commands follow, PCRs kept. For a guest's
 * disconnect and before a stop.
 * @return VTPM_OK; what vtpm_store_save() returns; VTPM_ETPM
 */
enum vtpm_status vtpm_engine_shutdown(struct vtpm_engine *engine,
                                      struct vtpm_error *err);

/**
 * What a boot of the guest does to a TPM: its power goes, in order, and comes
 * back. Does nothing to one whose PCRs are reset and which has executed nothing
 * since. State that cannot be saved is no failure here; commands wait for it.
 * @return VTPM_OK; VTPM_ETPM (the TPM does not start again: it answers with
 *         failures from then on); what initial() returned, likewise
 */
enum vtpm_status vtpm_engine_power_cycle(struct vtpm_engine *engine,
                                         struct vtpm_error *err);

/**
 * vtpm_engine_shutdown(), and the PCRs are kept for the next start, in one
 * durable save; then frees the engine and wipes its memory, also when that
 * failed. NULL does nothing. No other thread may use the engine.
 * @return as vtpm_engine_shutdown()
 */
enum vtpm_status vtpm_engine_stop(struct vtpm_engine *engine,
                                  struct vtpm_error *err);

/**
 * Makes a new TPM in a blank place and stops it again: the explicit order
 * without which none is made.
 * @return VTPM_OK; as vtpm_store_provision() and vtpm_engine_start()
 */
enum vtpm_status vtpm_provision(const char *path,
                                const uint8_t uuid[VTPM_UUID_SIZE],
                                enum vtpm_family family, struct vtpm_keys *keys,
                                struct vtpm_error *err);

#endif
