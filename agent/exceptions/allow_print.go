package exceptions

import (
	"fmt"
	"slices"

	"hooksnare/agent/config"
)

// EncodeWith returns a property list with the exceptions of a configuration and a proposed one: those
// of a profile replace all others, so the new one alone would end the ones that are in force.
func EncodeWith(c config.Config, p *Proposal) ([]byte, error) {
	if slices.ContainsFunc(c.Exceptions, func(x config.Exception) bool { return x.ID == p.Exception.ID }) {
		return nil, fmt.Errorf("exception %s: %w: give this one another name with --id", p.Exception.ID, ErrKnownException)
	}
	return config.EncodeExceptions(append(Configured(c.Exceptions), p.Exception))
}
