/* virtual_mixer: an alsa-lib control plug-in that plays the part of a sound card's mixer, for tests.
 *
 *   ctl_type.virtual_mixer { lib "DIR/libasound_module_ctl_virtual_mixer.so" }
 *   ctl.kiosk { type virtual_mixer state "DIR/mixer" }
 *
 * Simple controls: Master (volume 0 to 64 and switch of playback), Capture (volume 0 to 32 and switch), Beep (switch
 * alone). `state` names a file with the five values as decimal numbers in one line, in that order; it is made when it
 * does not exist, and whoever reads it sees what was set last. */
#include <alsa/asoundlib.h>
#include <alsa/control_external.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = 5 };

static const struct {
    const char *name;
    long highest; /* 1: a switch */
} elements[COUNT] = {
    {"Master Playback Volume", 64}, {"Master Playback Switch", 1}, {"Capture Volume", 32},
    {"Capture Switch", 1},          {"Beep Playback Switch", 1},
};

struct mixer {
    snd_ctl_ext_t ext;
    char state[4096];
};

static void load(const struct mixer *mixer, long *values)
{
    for (int index = 0; index < COUNT; index++) values[index] = elements[index].highest / 2;
    FILE *file = fopen(mixer->state, "r");
    if (!file) return;
    for (int index = 0; index < COUNT && fscanf(file, "%ld", &values[index]) == 1; index++) {}
    fclose(file);
}

static int store(const struct mixer *mixer, const long *values)
{
    char path[4200];
    snprintf(path, sizeof path, "%s.new", mixer->state);
    FILE *file = fopen(path, "w");
    if (!file) return -errno;
    for (int index = 0; index < COUNT; index++) fprintf(file, "%ld ", values[index]);
    fprintf(file, "\n");
    if (fclose(file) != 0) return -errno;
    return rename(path, mixer->state) == 0 ? 0 : -errno;
}

static void close_mixer(snd_ctl_ext_t *ext) { free(ext->private_data); }

static int count(snd_ctl_ext_t *ext)
{
    (void)ext;
    return COUNT;
}

static int list(snd_ctl_ext_t *ext, unsigned offset, snd_ctl_elem_id_t *id)
{
    (void)ext;
    snd_ctl_elem_id_set_interface(id, SND_CTL_ELEM_IFACE_MIXER);
    snd_ctl_elem_id_set_name(id, elements[offset].name);
    return 0;
}

static snd_ctl_ext_key_t find(snd_ctl_ext_t *ext, const snd_ctl_elem_id_t *id)
{
    (void)ext;
    for (snd_ctl_ext_key_t key = 0; key < COUNT; key++)
        if (!strcmp(elements[key].name, snd_ctl_elem_id_get_name(id))) return key;
    return SND_CTL_EXT_KEY_NOT_FOUND;
}

static int attribute(snd_ctl_ext_t *ext, snd_ctl_ext_key_t key, int *type, unsigned *access, unsigned *channels)
{
    (void)ext;
    *type = elements[key].highest == 1 ? SND_CTL_ELEM_TYPE_BOOLEAN : SND_CTL_ELEM_TYPE_INTEGER;
    *access = SND_CTL_EXT_ACCESS_READWRITE;
    *channels = 1;
    return 0;
}

static int range(snd_ctl_ext_t *ext, snd_ctl_ext_key_t key, long *least, long *highest, long *step)
{
    (void)ext;
    *least = 0;
    *highest = elements[key].highest;
    *step = 1;
    return 0;
}

static int read_value(snd_ctl_ext_t *ext, snd_ctl_ext_key_t key, long *value)
{
    long values[COUNT];
    load(ext->private_data, values);
    *value = values[key];
    return 0;
}

static int write_value(snd_ctl_ext_t *ext, snd_ctl_ext_key_t key, long *value)
{
    long values[COUNT];
    load(ext->private_data, values);
    if (values[key] == *value) return 0;
    values[key] = *value;
    int status = store(ext->private_data, values);
    return status < 0 ? status : 1;
}

static int no_event(snd_ctl_ext_t *ext, snd_ctl_elem_id_t *id, unsigned *mask)
{
    (void)ext, (void)id, (void)mask;
    return -EAGAIN;
}

static void subscribe(snd_ctl_ext_t *ext, int is_on) { (void)ext, (void)is_on; }

static const snd_ctl_ext_callback_t callbacks = {
    .close = close_mixer,
    .elem_count = count,
    .elem_list = list,
    .find_elem = find,
    .get_attribute = attribute,
    .get_integer_info = range,
    .read_integer = read_value,
    .write_integer = write_value,
    .subscribe_events = subscribe,
    .read_event = no_event,
};

SND_CTL_PLUGIN_DEFINE_FUNC(virtual_mixer)
{
    (void)root;
    const char *state = NULL;
    snd_config_iterator_t entry, next;
    snd_config_for_each(entry, next, conf) {
        snd_config_t *field = snd_config_iterator_entry(entry);
        const char *id;
        if (snd_config_get_id(field, &id) >= 0 && !strcmp(id, "state")) snd_config_get_string(field, &state);
    }
    if (!state) return -EINVAL;
    struct mixer *mixer = calloc(1, sizeof *mixer);
    if (!mixer) return -ENOMEM;
    snprintf(mixer->state, sizeof mixer->state, "%s", state);
    mixer->ext.version = SND_CTL_EXT_VERSION;
    strcpy(mixer->ext.id, "virtual");
    strcpy(mixer->ext.driver, "virtual_mixer");
    strcpy(mixer->ext.name, "Virtual card");
    strcpy(mixer->ext.longname, "Virtual card");
    strcpy(mixer->ext.mixername, "Virtual card");
    mixer->ext.poll_fd = -1;
    mixer->ext.callback = &callbacks;
    mixer->ext.private_data = mixer;
    int status = snd_ctl_ext_create(&mixer->ext, name, mode);
    if (status < 0) {
        free(mixer);
        return status;
    }
    *handlep = mixer->ext.handle;
    return 0;
}

SND_CTL_PLUGIN_SYMBOL(virtual_mixer);
