package delivery

import (
	"path/filepath"

	"hooksnare/agent/config"
)

// enabledOutputs returns the outputs to open. Where the configuration leaves none, the default
// local log takes its place: an agent that tells nobody might as well not run.
func enabledOutputs(c config.Config) []config.Output {
	var list []config.Output
	for _, o := range c.Outputs {
		if o.Enabled {
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
