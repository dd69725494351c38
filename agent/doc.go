// Package agent is the process: it joins the sensors to the judgement and the judgement
// to the outputs, and says loudly when a part of that does not work.
package agent
