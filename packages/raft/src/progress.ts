// One follower as its leader sees it. (States of the table below; the code follows.)

export type ProgressState = 'probe' | 'replicate' | 'snapshot'
