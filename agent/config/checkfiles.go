package config

import (
	"errors"

	"hooksnare/pkg/forward"
	"hooksnare/pkg/safefile"
)

// maxNamedFile bounds a token, key or certificate file, in bytes. The bundle of all
// public authorities is a quarter of it.
const maxNamedFile = 1 << 20

// Disk is where the paths of the configuration lie.
func (c *Config) Disk() safefile.Disk { return safefile.Disk{Root: c.Root} }

// CheckFiles looks at the files that enabled outputs name: that they are there, that
// nobody else can write them or read the secret ones, and that they hold what they
// should. The sources are those of Load; they tell where the names were written. The
// error, if any, is an Errors.
func (c *Config) CheckFiles(s Sources) error {
	var all Errors
	for i := range c.Outputs {
		o := &c.Outputs[i]
		if !o.Enabled || o.Local() {
			continue
		}
		receiver := o.Receiver(c.Disk())
		faults, _ := errors.AsType[forward.Faults](receiver.CheckFiles())
		for _, f := range faults {
			all = append(all, s.Problem(join(o.Key, f.Member), f.Why))
		}
	}
	return all.err()
}
