# its folder comes onto the path
