package agent

import "time"

// SetHold sets for how long an output must work before its trouble is over.
func (o *Options) SetHold(d time.Duration) { o.timing.Hold = d }
