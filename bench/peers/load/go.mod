module wscluster/bench/load

go 1.25
