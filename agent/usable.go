package agent

import (
	"errors"
	"fmt"
	"path/filepath"

	"hooksnare/agent/config"
)

// unavailable reports an output type that the configuration knows and this version can't do.
func unavailable(o config.Output) bool { return o.Type != "file" && o.Type != "syslog" }

// Unavailable reports the outputs that this version can't do.
func Unavailable(c config.Config, sources config.Sources) error {
	var faults []error
	for _, o := range c.Outputs {
		if o.Enabled && unavailable(o) {
			faults = append(faults, sources.Problem(o.Key+".Type", fmt.Sprintf("%q is not in this version, which has file and syslog", o.Type)))
		}
	}
	return errors.Join(faults...)
}

// usable returns the outputs to open. Where the configuration leaves none, the default
// local log takes its place: an agent that tells nobody might as well not run.
func usable(c config.Config) []config.Output {
	var list []config.Output
	for _, o := range c.Outputs {
		if o.Enabled && !unavailable(o) {
			list = append(list, o)
		}
	}
	if len(list) > 0 {
		return list
	}
	for _, o := range config.Default().Outputs {
		if o.Type == "file" {
			o.Path = filepath.Join("/", c.Root, o.Path)
			list = append(list, o)
		}
	}
	return list
}
