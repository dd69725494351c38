package config

// checkTogether puts right what only all sources together have wrong, and returns what that was.
func (c *Config) checkTogether(sources Sources) []error {
	return append(c.outsideState(sources), c.proveSomething(sources)...)
}

// proveSomething has the default intervals back where all are off: nobody would see then that the
// agent sees nothing, or that it has ended, and a hook in a user's preferences would not be found.
func (c *Config) proveSomething(sources Sources) []error {
	if c.CanaryInterval != 0 || c.HeartbeatInterval != 0 || c.SweepInterval != 0 {
		return nil
	}
	c.CanaryInterval, c.HeartbeatInterval, c.SweepInterval = Default().CanaryInterval, Default().HeartbeatInterval, Default().SweepInterval
	return []error{sources.Problem("SweepInterval", "CanaryInterval, HeartbeatInterval and SweepInterval are all 0: no user's preferences would be looked at, "+
		"and nobody would see that the agent sees nothing; set at least one of them")}
}
