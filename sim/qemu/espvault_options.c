/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * espvault inline-ESP NIC: properties that need more than a type, and the
 * list of secrets for the memory scan of the tests.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "crypto/secret.h"
#include "qobject/qjson.h"
#include "qobject/qdict.h"
#include "qobject/qlist.h"
#include "qobject/qstring.h"

#include "espvault.h"
#include "include/espvault/esv_regs.h"

#define ESPVAULT_SA_LIMIT       (1u << 20)
#define ESPVAULT_POLICY_LIMIT   (1u << 20)
#define ESPVAULT_HANDLE_LIMIT   (1u << 16)

typedef struct EspvaultName {
    const char *name;
    int value;
} EspvaultName;

static const EspvaultName espvault_backends[] = {
    { "auto", ESVC_AEAD_AUTO },
    { "evp", ESVC_AEAD_EVP },
    { "ipsec-mb", ESVC_AEAD_IPSEC_MB },
    { }
};

static const EspvaultName espvault_faults[] = {
    { "none", ESVC_FAULT_NONE },
    { "admin-hang", ESVC_FAULT_ADMIN_HANG },
    { "admin-busy", ESVC_FAULT_ADMIN_BUSY },
    { "sa-add-fail", ESVC_FAULT_SA_ADD_FAIL },
    { "heartbeat", ESVC_FAULT_HEARTBEAT },
    { "irq-lost", ESVC_FAULT_IRQ_LOST },
    { "selftest", ESVC_FAULT_SELFTEST },
    { "icv", ESVC_FAULT_ICV },
    { "event-flood", ESVC_FAULT_EVENT_FLOOD },
    { "policy-add-fail", ESVC_FAULT_POLICY_ADD_FAIL },
    { "rx-buffer", ESVC_FAULT_RX_BUFFER },
    { "remove-busy", ESVC_FAULT_REMOVE_BUSY },
    { }
};

/* The first name of a table is the default. Returns -1 with errp set. */
static int espvault_parse_name(const EspvaultName *table, const char *prop,
                               const char *name, Error **errp)
{
    const EspvaultName *n;

    if (!name) {
        return table->value;
    }
    for (n = table; n->name; n++) {
        if (g_str_equal(n->name, name)) {
            return n->value;
        }
    }
    error_setg(errp, "property '%s' has no value '%s'", prop, name);
    for (n = table; n->name; n++) {
        error_append_hint(errp, "%s%s", n == table ? "Values: " : ", ",
                          n->name);
    }
    error_append_hint(errp, ".\n");
    return -1;
}

static bool espvault_check_range(const char *prop, uint32_t val, uint32_t max,
                                 Error **errp)
{
    if (val >= 1 && val <= max) {
        return true;
    }
    error_setg(errp, "property '%s' is %u, but must be 1..%u", prop, val, max);
    return false;
}

/*
 * The secret that makes a device the same one at its next power-on. A real NIC
 * has it in fuses; here it comes as a secret object, so never on a command line.
 */
static bool espvault_parse_identity(EspvaultState *s, Error **errp)
{
    struct esvc_config *c = &s->config;
    uint8_t *data;
    size_t len;
    bool fits;

    c->has_device_secret = s->identity;
    if (!s->identity) {
        return true;
    }
    if (qcrypto_secret_lookup(s->identity, &data, &len, errp) < 0) {
        return false;
    }
    fits = len == sizeof(c->device_secret);
    if (fits) {
        memcpy(c->device_secret, data, len);
    } else {
        error_setg(errp, "property 'identity': secret '%s' has %zu bytes, but "
                   "a device secret has %zu", s->identity, len,
                   sizeof(c->device_secret));
    }
    explicit_bzero(data, len);
    g_free(data);
    return fits;
}

bool espvault_parse_options(EspvaultState *s, Error **errp)
{
    struct esvc_config *c = &s->config;
    int backend, fault;

    if (!espvault_check_range("queues", c->queue_pairs, ESV_MAX_QUEUES,
                              errp) ||
        !espvault_check_range("sa-max", c->sa_max, ESPVAULT_SA_LIMIT, errp) ||
        !espvault_check_range("policy-max", c->policy_max,
                              ESPVAULT_POLICY_LIMIT, errp) ||
        !espvault_check_range("handle-max", c->handle_max,
                              ESPVAULT_HANDLE_LIMIT, errp) ||
        !espvault_check_range("x-fault-n", c->fault_n, UINT32_MAX, errp)) {
        return false;
    }
    if (c->ipsec && !c->unit) {
        error_setg(errp, "property 'ipsec' needs 'unit', which holds the keys");
        return false;
    }
    backend = espvault_parse_name(espvault_backends, "aead", s->aead, errp);
    if (backend < 0) {
        return false;
    }
    fault = espvault_parse_name(espvault_faults, "x-fault", s->fault, errp);
    if (fault < 0) {
        return false;
    }
    c->backend = backend;
    c->fault = fault;
    return espvault_parse_identity(s, errp);
}

static void espvault_add_secret(void *opaque, const char *name,
                                const uint8_t *bytes, size_t len)
{
    g_autoptr(GString) hex = g_string_sized_new(2 * len);
    QDict *entry = qdict_new();
    size_t i;

    for (i = 0; i < len; i++) {
        g_string_append_printf(hex, "%02x", bytes[i]);
    }
    qdict_put_str(entry, "name", name);
    qdict_put_str(entry, "hex", hex->str);
    qlist_append(opaque, entry);
}

char *espvault_get_secrets(Object *obj, Error **errp)
{
    EspvaultState *s = ESPVAULT(obj);
    g_autoptr(QList) list = qlist_new();
    g_autoptr(GString) json = NULL;
    int ret;

    if (!s->dev || !s->config.test_mode) {
        error_setg(errp, "secrets are shown by a realized device with "
                   "x-test-mode=on only");
        return NULL;
    }
    ret = esvc_test_secrets(s->dev, espvault_add_secret, list);
    if (ret < 0) {
        error_setg_errno(errp, -ret, "the device core refuses");
        return NULL;
    }
    json = qobject_to_json(QOBJECT(list));
    return g_strdup(json->str);
}
