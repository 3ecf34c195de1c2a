"""Every layout of TIFF that programs write, as one small picture: is each read right, or refused by name?"""
